// Between numpy arrays, dictionaries and the engine's types.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <vector>

#include "dram/config.hpp"
#include "dram/memory.hpp"
#include "dram/system.hpp"

namespace scanfuse::bindings {

namespace py = pybind11;

template <class Value>
using Array = py::array_t<Value, py::array::c_style | py::array::forcecast>;

// Hands a vector over to numpy without copying it.
template <class Value>
py::array_t<Value> toArray(std::vector<Value> values) {
  auto* owned = new std::vector<Value>(std::move(values));
  const py::capsule guard(owned, [](void* held) { delete static_cast<std::vector<Value>*>(held); });
  return py::array_t<Value>(static_cast<py::ssize_t>(owned->size()), owned->data(), guard);
}

// A column: one member, or a function, of each record.
template <class Value, class Record, class Take>
py::array_t<Value> column(const std::vector<Record>& records, Take take) {
  std::vector<Value> values;
  values.reserve(records.size());
  for (const Record& record : records) values.push_back(static_cast<Value>(take(record)));
  return toArray(std::move(values));
}

dram::Config toConfig(const py::dict& values);

py::dict energyTable(dram::System& system);
py::dict counterTable(dram::System& system);
py::dict bankTable(dram::System& system);
py::dict ownerTable(const dram::System& system);
py::dict commandTable(const dram::System& system);
py::dict epochTable(const dram::System& system);
py::dict epochBankTable(const dram::System& system);
py::list latencyHistograms(const dram::System& system);
py::tuple completionArrays(const std::vector<dram::Completion>& completions);

}  // namespace scanfuse::bindings
