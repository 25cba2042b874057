// Lines of text into columns of requests: the part of reading a trace that is worth compiling.
//
// A layout says which fields a line has. Unless told to skip it, parsing stops before the first line that does
// not fit; to say what is wrong with that line is left to the caller, who has the words for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scanfuse::traces {

constexpr std::size_t kVectorSize = 5;  // channel, rank, bank, row, column

struct Layout {
  // One character per field, in order:
  //   a  an address: 0x and hexadecimal digits          h  hexadecimal digits, 0x before them or not
  //   A  an address: decimal, or as a                   c  a cycle: decimal, below 2^63
  //   k  one of `words`                                 w  as A, may be missing: a write in the same cycle
  //   v  kVectorSize decimals below `limits`, with commas or blanks between: an address in pieces, each of
  //      which belongs `shifts` bits to the left
  //   *  anything or nothing, ignored
  std::string fields;
  char separator = ' ';                             // ' ' stands for any run of blanks
  std::vector<std::pair<std::string, bool>> words;  // each with: is it a write?
  std::array<std::uint64_t, kVectorSize> limits{};
  std::array<std::uint32_t, kVectorSize> shifts{};  // below 64
  char comment = 0;      // lines that begin with it are passed over; 0: none are
  bool skipBad = false;  // count the lines that do not fit and go on
};

struct Lines {
  std::vector<std::int64_t> cycles;
  std::vector<std::uint64_t> addresses;
  std::vector<std::uint8_t> isWrite;
  std::vector<std::uint64_t> blanks;     // per blank line: the number of requests before it
  std::size_t end = 0;                   // where the first line that does not fit begins, or the size
  std::uint64_t count = 0;               // lines before it, of all kinds
  std::uint64_t skipped = 0;             // of these, the ones that do not fit
};

// The last line may lack its newline.
Lines parseLines(std::string_view text, const Layout& layout);

}  // namespace scanfuse::traces
