#include "dram/replay.hpp"

#include <pybind11/stl.h>

#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "bindings/classes.hpp"
#include "bindings/convert.hpp"
#include "bindings/held.hpp"
#include "dram/vis.hpp"

namespace scanfuse::bindings {
namespace {

using Replay = Held<dram::Replay>;

template <class Value>
const Value* pointer(const Array<Value>& values, std::size_t size) {
  if (static_cast<std::size_t>(values.size()) != size) throw std::invalid_argument("arrays differ in length");
  return values.data();
}

template <class Value>
const Value* pointer(const std::optional<Array<Value>>& values, std::size_t size) {
  return values ? pointer(*values, size) : nullptr;
}

std::unique_ptr<Replay> make(const py::dict& values, bool commands, bool epochs, std::uint32_t perCycle, bool neverAsk,
                             std::uint64_t cpuHz, std::uint64_t extra, std::uint64_t untilTick,
                             std::uint64_t stopTick) {
  const dram::ReplayOptions options{perCycle, neverAsk, cpuHz, extra, untilTick, stopTick};
  return std::make_unique<Replay>(toConfig(values), dram::RecordOptions{commands, epochs}, options);
}

void feed(Replay& replay, const Array<std::int64_t>& cycles, const Array<std::uint64_t>& addresses,
          const Array<bool>& isWrite, const std::optional<Array<bool>>& force,
          const std::optional<Array<std::uint32_t>>& owners, const std::optional<Array<std::uint32_t>>& idle) {
  const auto size = static_cast<std::size_t>(cycles.size());
  const dram::RequestChunk chunk{cycles.data(),        pointer(addresses, size), pointer(isWrite, size),
                                 pointer(force, size), pointer(owners, size),    pointer(idle, size),
                                 size};
  replay.alone([&chunk](dram::Replay& each) { each.feed(chunk); });
}

// The figures of the oldest chunk, None while some are missing.
std::optional<py::tuple> take(Replay& replay) {
  dram::ChunkFigures figures;
  if (!replay.free().take(figures)) return std::nullopt;
  return py::make_tuple(toArray(std::move(figures.accepted)), toArray(std::move(figures.completed)));
}

void writeVis(Replay& replay, const std::string& path, const dram::IniTexts& system, const dram::IniTexts& device) {
  replay.alone([&](dram::Replay& each) {
    std::ofstream out(path, std::ios::binary);
    dram::writeVis(out, each.system(), system, device);
    out.close();
    if (!out) throw std::runtime_error(path + ": could not be written");
  });
}

}  // namespace

void bindReplay(py::module_& module) {
  py::class_<Replay>(module, "Replay")
      .def(py::init(&make), py::arg("values"), py::arg("commands"), py::arg("epochs"), py::arg("per_cycle"),
           py::arg("never_ask"), py::arg("cpu_hz"), py::arg("extra"), py::arg("until_tick"), py::arg("stop_tick"))
      .def("feed", &feed, py::arg("cycles"), py::arg("addresses"), py::arg("is_write"), py::arg("force"),
           py::arg("owners"), py::arg("idle"))
      .def("finish", [](Replay& self) { self.alone([](dram::Replay& replay) { replay.finish(); }); })
      .def("take", &take)
      .def_property_readonly("ticks", [](Replay& self) { return self.free().ticks(); })
      .def_property_readonly("cpu_cycles", [](Replay& self) { return self.free().cpuCycles(); })
      .def("energy", [](Replay& self) { return energyTable(self.free().system()); })
      .def("counters", [](Replay& self) { return counterTable(self.free().system()); })
      .def("banks", [](Replay& self) { return bankTable(self.free().system()); })
      .def("owners", [](Replay& self) { return ownerTable(self.free().system()); })
      .def("commands", [](Replay& self) { return commandTable(self.free().system()); })
      .def("epochs", [](Replay& self) { return epochTable(self.free().system()); })
      .def("epoch_banks", [](Replay& self) { return epochBankTable(self.free().system()); })
      .def("write_vis", &writeVis, py::arg("path"), py::arg("system"), py::arg("device"))
      .def("latency_histograms", [](Replay& self) { return latencyHistograms(self.free().system()); });
}

}  // namespace scanfuse::bindings
