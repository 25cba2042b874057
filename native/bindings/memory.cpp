#include "dram/memory.hpp"

#include <memory>

#include "bindings/classes.hpp"
#include "bindings/convert.hpp"
#include "bindings/held.hpp"

namespace scanfuse::bindings {

void bindMemory(py::module_& module) {
  using Memory = Held<dram::Memory>;
  py::class_<Memory>(module, "Memory")
      .def(py::init([](const py::dict& values, bool commands) {
             return std::make_unique<Memory>(toConfig(values), dram::RecordOptions{commands, false});
           }),
           py::arg("values"), py::arg("commands"))
      .def("can_accept", [](Memory& self, std::uint64_t address) { return self.free().canAccept(address); },
           py::arg("address"))
      .def(
          "add",
          [](Memory& self, std::uint64_t address, bool isWrite, std::uint64_t tag, std::uint32_t owner) {
            self.free().add(address, isWrite, tag, owner);
          },
          py::arg("address"), py::arg("is_write"), py::arg("tag"), py::arg("owner"))
      .def(
          "advance",
          [](Memory& self, std::uint64_t until) {
            return completionArrays(self.alone([until](dram::Memory& memory) { return memory.advance(until); }));
          },
          py::arg("until_tick"))
      .def_property_readonly("tick", [](Memory& self) { return self.free().now(); })
      .def("pending", [](Memory& self) { return self.free().system().pending(); })
      .def("energy", [](Memory& self) { return energyTable(self.free().system()); })
      .def("counters", [](Memory& self) { return counterTable(self.free().system()); })
      .def("banks", [](Memory& self) { return bankTable(self.free().system()); })
      .def("owners", [](Memory& self) { return ownerTable(self.free().system()); })
      .def("commands", [](Memory& self) { return commandTable(self.free().system()); });
}

}  // namespace scanfuse::bindings
