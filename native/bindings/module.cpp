// scanfuse.dram._engine: the engine as Python sees it. Coarse calls only: arrays in, arrays out.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/classes.hpp"
#include "bindings/convert.hpp"
#include "dram/address_map.hpp"
#include "dram/config.hpp"

namespace scanfuse::bindings {
namespace {

// Raised with (key, found, allowed), so that Python can say in which line of which file the key stood.
void translateConfigError(PyObject* type) {
  static PyObject* held = type;
  py::register_exception_translator([](std::exception_ptr raised) {
    try {
      if (raised) std::rethrow_exception(raised);
    } catch (const dram::ConfigError& error) {
      const py::tuple parts = py::make_tuple(error.key, error.found, error.allowed);
      PyErr_SetObject(held, parts.ptr());
    }
  });
}

py::dict derive(const py::dict& values) {
  const dram::Config config = toConfig(values);
  config.validate();
  const dram::MappingWidths widths(config);
  py::dict out;
  out["num_ranks"] = config.numRanks();
  out["num_devices"] = config.numDevices();
  out["transaction_bytes"] = config.transactionBytes();
  out["storage_mib_per_channel"] = config.storageMegabytes();
  out["refresh_period_ticks"] = config.refreshPeriodTicks();
  out["refresh_stagger_ticks"] = config.refreshStaggerTicks();
  out["byte_offset_bits"] = widths.byteOffset;
  out["column_low_bits"] = widths.columnLow;
  out["channel_bits"] = widths.channel;
  out["rank_bits"] = widths.rank;
  out["bank_bits"] = widths.bank;
  out["row_bits"] = widths.row;
  out["column_bits"] = widths.columnLow + widths.column;
  return out;
}

py::tuple mapAddresses(const py::dict& values, const Array<std::uint64_t>& addresses) {
  const dram::Config config = toConfig(values);
  config.validate();
  const dram::AddressMap map(config);
  const std::uint64_t* from = addresses.data();
  const auto size = static_cast<std::size_t>(addresses.size());
  std::vector<std::int64_t> channel(size), rank(size), bank(size), row(size), columns(size);
  for (std::size_t i = 0; i < size; ++i) {
    const dram::Location at = map.locate(from[i]);
    channel[i] = at.channel;
    rank[i] = at.rank;
    bank[i] = at.bank;
    row[i] = at.row;
    columns[i] = at.column;
  }
  return py::make_tuple(toArray(std::move(channel)), toArray(std::move(rank)), toArray(std::move(bank)),
                        toArray(std::move(row)), toArray(std::move(columns)));
}

}  // namespace
}  // namespace scanfuse::bindings

namespace py = pybind11;

PYBIND11_MODULE(_engine, module) {
  using namespace scanfuse;
  module.doc() = "The DRAM engine of scanfuse (see native/dram).";
  module.attr("compiler") = SCANFUSE_COMPILER;
  static py::exception<dram::ConfigError> configError(module, "ConfigError", PyExc_ValueError);
  bindings::translateConfigError(configError.ptr());
  py::register_exception<dram::BusCollision>(module, "BusCollision", PyExc_RuntimeError);
  py::register_exception<dram::NoProgress>(module, "NoProgress", PyExc_RuntimeError);
  module.def("uint_keys", &dram::uintKeys);
  module.def("derive", &bindings::derive, py::arg("values"));
  module.def("map_addresses", &bindings::mapAddresses, py::arg("values"), py::arg("addresses"));
  bindings::bindReplay(module);
  bindings::bindMemory(module);
  bindings::bindPort(module);
  bindings::bindTraces(module);
}
