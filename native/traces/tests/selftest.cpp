// The parser on hostile text, for the sanitizers: lines of every layout, cut and changed at random places.
// What it returns must always hang together.
#include <cstdio>
#include <cstdlib>
#include <random>

#include "traces/lines.hpp"

using scanfuse::traces::Layout;
using scanfuse::traces::Lines;
using scanfuse::traces::parseLines;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "traces: %s\n", what);
  std::exit(1);
}

void check(const std::string& text, const Layout& layout) {
  const Lines lines = parseLines(text, layout);
  const std::size_t size = lines.addresses.size();
  require(lines.cycles.size() == size && lines.isWrite.size() == size, "columns differ in length");
  require(lines.end <= text.size(), "went behind the end");
  require(lines.end == text.size() || !layout.skipBad, "stopped although told to skip");
  require(lines.end == 0 || lines.end == text.size() || text[lines.end - 1] == '\n', "stopped within a line");
  for (const std::int64_t cycle : lines.cycles) require(cycle >= 0, "a negative cycle");
  for (const std::uint64_t before : lines.blanks) require(before <= size, "a blank line nowhere");
}

}  // namespace

int main() {
  const std::vector<std::pair<std::string, bool>> words = {{"READ", false}, {"WRITE", true}, {"R", false}, {"W", true}};
  const std::string seeds[] = {
      "0x40 READ 1\n0x80 WRITE 2\n\n0xFFFFFFFFFFFFFFFF READ 9223372036854775807\n",
      "1,0x40,R\r\n# more\r\n2, 128 ,W\r\n",
      "3 0x40\n18446744073709551615 1 2\n",
      "R 0,0,1,2,3\nW 0 0 1 2 3\n",
      "0x40 R data and more\n",
  };
  const char* fields[] = {"akc", "hkc", "ak*", "Ak", "kA", "cAk", "cAw", "kv"};
  std::mt19937 random(7);
  for (int round = 0; round < 200'000; ++round) {
    Layout layout;
    layout.fields = fields[random() % 8];
    layout.separator = layout.fields == "cAk" ? ',' : ' ';
    layout.words = words;
    layout.limits = {1, 1, 8, 16, 1024};
    layout.shifts = {0, 63, 6, 9, 13};
    layout.comment = random() % 2 ? '#' : '\0';
    layout.skipBad = random() % 2;
    std::string text = seeds[random() % 5] + seeds[random() % 5];
    for (unsigned changes = random() % 4; changes-- != 0;) text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % (text.size() + 1));
    check(text, layout);
  }
  const Lines whole = parseLines(seeds[0], {"akc", ' ', words});
  require(whole.addresses.size() == 3 && whole.count == 4 && whole.blanks.size() == 1, "a good trace is misread");
  std::puts("traces: 200000 texts");
}
