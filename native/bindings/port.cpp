#include "dram/port.hpp"

#include <memory>

#include "bindings/classes.hpp"
#include "bindings/convert.hpp"

namespace scanfuse::bindings {
namespace {

std::uint64_t submit(dram::Port& port, const Array<std::uint64_t>& addresses, bool isWrite, std::uint32_t owner,
                     std::uint64_t notBefore) {
  return port.submit({addresses.data(), addresses.data() + addresses.size()}, isWrite, owner, notBefore);
}

// Snapshots are taken at the port's current tick.
dram::System& current(dram::Port& port) {
  port.system().runTo(port.now());
  return port.system();
}

}  // namespace

void bindPort(py::module_& module) {
  using dram::Port;
  py::class_<Port>(module, "Port")
      .def(py::init([](const py::dict& values, std::uint64_t watermark, bool log, bool commands) {
             return std::make_unique<Port>(toConfig(values), watermark, log, dram::RecordOptions{commands, false});
           }),
           py::arg("values"), py::arg("write_watermark"), py::arg("log"), py::arg("commands"))
      .def("submit", &submit, py::arg("addresses"), py::arg("is_write"), py::arg("owner"), py::arg("not_before_tick"))
      .def(
          "advance",
          [](Port& self, std::uint64_t until) {
            std::vector<dram::Completion> done;
            {
              const py::gil_scoped_release released;
              done = self.advance(until);
            }
            py::list out;
            for (const dram::Completion& each : done) out.append(py::make_tuple(each.tag, each.tick));
            return out;
          },
          py::arg("until_tick"))
      .def_property_readonly("tick", &Port::now)
      .def_property_readonly("unfinished", &Port::unfinished)
      .def("waiting", &Port::waiting, py::arg("writes"))
      .def("log",
           [](const Port& self) {
             return py::make_tuple(toArray(self.log().ticks), toArray(self.log().addresses),
                                   toArray(self.log().isWrite));
           })
      .def("energy", [](Port& self) { return energyTable(current(self)); })
      .def("counters", [](Port& self) { return counterTable(current(self)); })
      .def("banks", [](Port& self) { return bankTable(current(self)); })
      .def("owners", [](Port& self) { return ownerTable(current(self)); })
      .def("commands", [](Port& self) { return commandTable(current(self)); });
}

}  // namespace scanfuse::bindings
