#include "dram/memory.hpp"

#include <memory>

#include "bindings/classes.hpp"
#include "bindings/convert.hpp"

namespace scanfuse::bindings {

void bindMemory(py::module_& module) {
  using dram::Memory;
  py::class_<Memory>(module, "Memory")
      .def(py::init([](const py::dict& values, bool commands) {
             return std::make_unique<Memory>(toConfig(values), dram::RecordOptions{commands, false});
           }),
           py::arg("values"), py::arg("commands"))
      .def("can_accept", &Memory::canAccept, py::arg("address"))
      .def("add", &Memory::add, py::arg("address"), py::arg("is_write"), py::arg("tag"), py::arg("owner"))
      .def(
          "advance",
          [](Memory& self, std::uint64_t until) {
            std::vector<dram::Completion> done;
            {
              const py::gil_scoped_release released;
              done = self.advance(until);
            }
            return completionArrays(done);
          },
          py::arg("until_tick"))
      .def_property_readonly("tick", &Memory::now)
      .def("pending", [](Memory& self) { return self.system().pending(); })
      .def("energy", [](Memory& self) { return energyTable(self.system()); })
      .def("counters", [](Memory& self) { return counterTable(self.system()); })
      .def("banks", [](Memory& self) { return bankTable(self.system()); })
      .def("owners", [](Memory& self) { return ownerTable(self.system()); })
      .def("commands", [](Memory& self) { return commandTable(self.system()); });
}

}  // namespace scanfuse::bindings
