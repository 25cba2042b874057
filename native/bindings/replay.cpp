#include "dram/replay.hpp"

#include <pybind11/stl.h>

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include "bindings/classes.hpp"
#include "bindings/convert.hpp"
#include "dram/vis.hpp"

namespace scanfuse::bindings {
namespace {

template <class Values>
void requireSize(const Values& values, std::size_t size) {
  if (static_cast<std::size_t>(values.size()) != size) throw std::invalid_argument("arrays differ in length");
}

void run(dram::Replay& replay, const Array<std::int64_t>& cycles, const Array<std::uint64_t>& addresses,
         const Array<bool>& isWrite, const std::optional<Array<bool>>& force,
         const std::optional<Array<std::uint32_t>>& owners, const std::optional<Array<std::uint32_t>>& idle,
         std::uint32_t perCycle, bool neverAsk, std::uint64_t cpuHz, std::uint64_t extra, std::uint64_t untilTick,
         std::uint64_t stopTick) {
  dram::RequestStream stream;
  stream.size = static_cast<std::size_t>(cycles.size());
  requireSize(addresses, stream.size);
  requireSize(isWrite, stream.size);
  stream.cycles = cycles.data();
  stream.addresses = addresses.data();
  stream.isWrite = isWrite.data();
  if (force) {
    requireSize(*force, stream.size);
    stream.force = force->data();
  }
  if (owners) {
    requireSize(*owners, stream.size);
    stream.owners = owners->data();
  }
  if (idle) {
    requireSize(*idle, stream.size);
    stream.idle = idle->data();
  }
  const py::gil_scoped_release released;
  replay.run(stream, {perCycle, neverAsk, cpuHz, extra, untilTick, stopTick});
}

void writeVis(dram::Replay& replay, const std::string& path, const dram::IniTexts& system,
              const dram::IniTexts& device) {
  const py::gil_scoped_release released;
  std::ofstream out(path, std::ios::binary);
  dram::writeVis(out, replay.system(), system, device);
  out.close();
  if (!out) throw std::runtime_error(path + ": could not be written");
}

}  // namespace

void bindReplay(py::module_& module) {
  using dram::Replay;
  py::class_<Replay>(module, "Replay")
      .def(py::init([](const py::dict& values, bool commands, bool epochs) {
             return std::make_unique<Replay>(toConfig(values), dram::RecordOptions{commands, epochs});
           }),
           py::arg("values"), py::arg("commands"), py::arg("epochs"))
      .def("run", &run, py::arg("cycles"), py::arg("addresses"), py::arg("is_write"), py::arg("force"),
           py::arg("owners"), py::arg("idle"), py::arg("per_cycle"), py::arg("never_ask"), py::arg("cpu_hz"),
           py::arg("extra"), py::arg("until_tick"), py::arg("stop_tick"))
      .def("accepted", [](const Replay& self) { return toArray(self.accepted()); })
      .def("completed", [](const Replay& self) { return toArray(self.completed()); })
      .def_property_readonly("ticks", &Replay::ticks)
      .def_property_readonly("cpu_cycles", &Replay::cpuCycles)
      .def("energy", [](Replay& self) { return energyTable(self.system()); })
      .def("counters", [](Replay& self) { return counterTable(self.system()); })
      .def("banks", [](Replay& self) { return bankTable(self.system()); })
      .def("owners", [](Replay& self) { return ownerTable(self.system()); })
      .def("commands", [](Replay& self) { return commandTable(self.system()); })
      .def("epochs", [](Replay& self) { return epochTable(self.system()); })
      .def("epoch_banks", [](Replay& self) { return epochBankTable(self.system()); })
      .def("write_vis", &writeVis, py::arg("path"), py::arg("system"), py::arg("device"))
      .def("latency_histograms", [](Replay& self) { return latencyHistograms(self.system()); });
}

}  // namespace scanfuse::bindings
