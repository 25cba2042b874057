#include "dram/port.hpp"

#include <memory>

#include "bindings/classes.hpp"
#include "bindings/convert.hpp"
#include "bindings/held.hpp"

namespace scanfuse::bindings {
namespace {

using Port = Held<dram::Port>;

std::uint64_t submit(Port& port, const Array<std::uint64_t>& addresses, bool isWrite, std::uint32_t owner,
                     std::uint64_t notBefore) {
  return port.free().submit({addresses.data(), addresses.data() + addresses.size()}, isWrite, owner, notBefore);
}

py::list advance(Port& held, std::uint64_t until) {
  py::list out;
  for (const dram::Completion& each : held.alone([until](dram::Port& port) { return port.advance(until); }))
    out.append(py::make_tuple(each.tag, each.tick));
  return out;
}

py::tuple log(Port& port) {
  const dram::PortLog& log = port.free().log();
  return py::make_tuple(toArray(log.ticks), toArray(log.addresses), toArray(log.isWrite));
}

// Snapshots are taken at the port's current tick.
dram::System& current(Port& held) {
  dram::Port& port = held.free();
  port.system().runTo(port.now());
  return port.system();
}

}  // namespace

void bindPort(py::module_& module) {
  py::class_<Port>(module, "Port")
      .def(py::init([](const py::dict& values, std::uint64_t watermark, bool log, bool commands) {
             return std::make_unique<Port>(toConfig(values), watermark, log, dram::RecordOptions{commands, false});
           }),
           py::arg("values"), py::arg("write_watermark"), py::arg("log"), py::arg("commands"))
      .def("submit", &submit, py::arg("addresses"), py::arg("is_write"), py::arg("owner"), py::arg("not_before_tick"))
      .def("advance", &advance, py::arg("until_tick"))
      .def_property_readonly("tick", [](Port& self) { return self.free().now(); })
      .def_property_readonly("unfinished", [](Port& self) { return self.free().unfinished(); })
      .def("waiting", [](Port& self, bool writes) { return self.free().waiting(writes); }, py::arg("writes"))
      .def("log", &log)
      .def("energy", [](Port& self) { return energyTable(current(self)); })
      .def("counters", [](Port& self) { return counterTable(current(self)); })
      .def("banks", [](Port& self) { return bankTable(current(self)); })
      .def("owners", [](Port& self) { return ownerTable(current(self)); })
      .def("commands", [](Port& self) { return commandTable(current(self)); });
}

}  // namespace scanfuse::bindings
