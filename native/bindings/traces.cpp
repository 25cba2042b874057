#include <pybind11/stl.h>

#include <cstring>
#include <stdexcept>

#include "bindings/classes.hpp"
#include "bindings/convert.hpp"
#include "traces/lines.hpp"

namespace scanfuse::bindings {
namespace {

py::tuple parseLines(const py::bytes& data, std::size_t start, const std::string& fields, char separator,
                     std::vector<std::pair<std::string, bool>> words,
                     const std::array<std::uint64_t, traces::kVectorSize>& limits,
                     const std::array<std::uint32_t, traces::kVectorSize>& shifts, char comment, bool skipBad) {
  const auto text = static_cast<std::string_view>(data);
  if (start > text.size()) throw std::invalid_argument("start lies behind the end");
  for (const std::uint32_t shift : shifts)
    if (shift >= 64) throw std::invalid_argument("shifts must be below 64");
  const traces::Layout layout{fields, separator, std::move(words), limits, shifts, comment, skipBad};
  traces::Lines lines;
  {
    const py::gil_scoped_release released;
    lines = traces::parseLines(text.substr(start), layout);
  }
  return py::make_tuple(toArray(std::move(lines.cycles)), toArray(std::move(lines.addresses)),
                        toArray(std::move(lines.isWrite)), toArray(std::move(lines.blanks)), start + lines.end,
                        lines.count, lines.skipped);
}

}  // namespace

void bindTraces(py::module_& module) {
  module.def("parse_lines", &parseLines, py::arg("data"), py::arg("start"), py::arg("fields"), py::arg("separator"),
             py::arg("words"), py::arg("limits"), py::arg("shifts"), py::arg("comment"), py::arg("skip_bad"));
}

}  // namespace scanfuse::bindings
