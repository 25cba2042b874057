// libFuzzer target: any text through the line parser, in the layouts of all formats.
#include <cstdio>
#include <cstdlib>

#include "fuzz/bytes.hpp"
#include "traces/lines.hpp"

namespace {

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const char* const kFields[] = {"akc", "ak*", "hkc", "Ak", "kA", "cAw", "kv", "cAk"};
  scanfuse::fuzz::Bytes in(data, size);
  scanfuse::traces::Layout layout;
  layout.fields = kFields[in.byte() % 8];
  layout.separator = in.byte() % 4 == 0 ? ',' : ' ';
  layout.words = {{"READ", false}, {"WRITE", true}, {"R", false}, {"W", true}};
  layout.limits = {2, 4, 8, 1 << 14, 128};
  layout.shifts = {32, 30, 27, 13, 6};
  layout.comment = in.byte() % 2 != 0 ? '#' : '\0';
  layout.skipBad = in.byte() % 2 != 0;
  const std::string_view text = in.rest();
  const scanfuse::traces::Lines lines = scanfuse::traces::parseLines(text, layout);
  require(lines.cycles.size() == lines.addresses.size() && lines.cycles.size() == lines.isWrite.size(), "columns differ");
  require(lines.end <= text.size(), "read beyond the end");
  require(!layout.skipBad || lines.end == text.size(), "stopped though told to skip");
  for (const std::int64_t cycle : lines.cycles) require(cycle >= 0, "a negative cycle");
  std::uint64_t before = 0;
  for (const std::uint64_t blank : lines.blanks) {
    require(blank >= before && blank <= lines.cycles.size(), "blank lines out of order");
    before = blank;
  }
  return 0;
}
