#include "traces/lines.hpp"

#include <cstring>
#include <limits>

namespace scanfuse::traces {
namespace {

bool isBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n'); }

// 0 to 15, or 16 for what is no digit.
constexpr std::array<std::uint8_t, 256> digitValues() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = 16;
  for (int i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
  for (int i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<std::uint8_t>(10 + i);
  return values;
}
constexpr auto kDigits = digitValues();

std::uint8_t digit(char c) { return kDigits[static_cast<unsigned char>(c)]; }

// Reads the fields of one line, which ends before `end`; each function is false where its field is not there.
class Cursor {
 public:
  Cursor(const char* at, const char* end) : at_(at), end_(end) {}

  void skipBlanks() {
    while (at_ != end_ && isBlank(*at_)) ++at_;
  }
  bool done() const { return at_ == end_; }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool betweenFields(char separator) {
    const char* before = at_;
    skipBlanks();
    return separator == ' ' ? at_ != before : take(separator);
  }

  bool decimal(std::uint64_t& value, std::uint64_t most) {
    const char* first = at_;
    value = 0;
    for (; at_ != end_ && digit(*at_) < 10; ++at_) {
      const std::uint64_t next = digit(*at_);
      if (value > (most - next) / 10) return false;
      value = value * 10 + next;
    }
    return at_ != first;
  }
  bool hex(std::uint64_t& value) {
    const char* first = at_;
    value = 0;
    for (; at_ != end_ && digit(*at_) < 16; ++at_) {
      if (value >> 60) return false;
      value = value << 4 | digit(*at_);
    }
    return at_ != first;
  }
  bool hexPrefix() {
    if (end_ - at_ < 2 || at_[0] != '0' || (at_[1] | 0x20) != 'x') return false;
    at_ += 2;
    return true;
  }
  bool word(const Layout& layout, std::uint8_t& isWrite) {
    const char* first = at_;
    while (at_ != end_ && !isBlank(*at_) && *at_ != layout.separator) ++at_;
    const auto size = static_cast<std::size_t>(at_ - first);
    for (const auto& [text, writes] : layout.words) {
      if (text.size() == size && std::memcmp(text.data(), first, size) == 0) {
        isWrite = writes;
        return true;
      }
    }
    return false;
  }
  bool vector(const Layout& layout, std::uint64_t& address) {
    address = 0;
    for (std::size_t i = 0; i < kVectorSize; ++i) {
      if (i != 0) {
        const char* before = at_;
        skipBlanks();
        const bool comma = take(',');
        skipBlanks();
        if (!comma && at_ == before) return false;
      }
      std::uint64_t value = 0;
      if (!decimal(value, std::numeric_limits<std::uint64_t>::max()) || value >= layout.limits[i]) return false;
      address |= value << layout.shifts[i];
    }
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

struct Request {
  std::uint64_t cycle = 0, address = 0, writeAddress = 0;
  std::uint8_t isWrite = 0;
  bool hasWrite = false;
};

bool parseField(char field, Cursor& cursor, const Layout& layout, Request& request) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  switch (field) {
    case 'a':
      return cursor.hexPrefix() && cursor.hex(request.address);
    case 'h':
      cursor.hexPrefix();
      return cursor.hex(request.address);
    case 'A':
      return cursor.hexPrefix() ? cursor.hex(request.address) : cursor.decimal(request.address, kMost);
    case 'w':
      request.hasWrite = true;
      return cursor.hexPrefix() ? cursor.hex(request.writeAddress) : cursor.decimal(request.writeAddress, kMost);
    case 'c':
      return cursor.decimal(request.cycle, kMost >> 1);
    case 'k':
      return cursor.word(layout, request.isWrite);
    case 'v':
      return cursor.vector(layout, request.address);
    default:
      return false;
  }
}

bool parseLine(Cursor cursor, const Layout& layout, Request& request) {
  bool isFirst = true;
  for (const char field : layout.fields) {
    const bool mayBeMissing = field == '*' || field == 'w';
    if (!isFirst && !cursor.betweenFields(layout.separator)) return mayBeMissing && cursor.done();
    if (field == '*' || (mayBeMissing && cursor.done())) return true;
    if (layout.separator != ' ') cursor.skipBlanks();
    if (!parseField(field, cursor, layout, request)) return false;
    isFirst = false;
  }
  cursor.skipBlanks();
  return cursor.done();
}

void append(Lines& lines, const Request& request) {
  lines.cycles.push_back(static_cast<std::int64_t>(request.cycle));
  lines.addresses.push_back(request.address);
  lines.isWrite.push_back(request.isWrite);
  if (request.hasWrite) {
    lines.cycles.push_back(static_cast<std::int64_t>(request.cycle));
    lines.addresses.push_back(request.writeAddress);
    lines.isWrite.push_back(1);
  }
}

}  // namespace

Lines parseLines(std::string_view text, const Layout& layout) {
  Lines lines;
  const std::size_t guess = text.size() / 20 + 1;
  lines.cycles.reserve(guess);
  lines.addresses.reserve(guess);
  lines.isWrite.reserve(guess);
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* at = begin;
  while (at != end) {
    const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    const char* lineEnd = newline ? static_cast<const char*>(newline) : end;
    Cursor cursor(at, lineEnd);
    cursor.skipBlanks();
    if (cursor.done()) {
      lines.blanks.push_back(lines.addresses.size());
    } else if (layout.comment == 0 || !cursor.take(layout.comment)) {
      Request request;
      if (!parseLine(cursor, layout, request)) {
        if (!layout.skipBad) break;
        ++lines.skipped;
      } else {
        append(lines, request);
      }
    }
    ++lines.count;
    at = newline ? lineEnd + 1 : end;
  }
  lines.end = static_cast<std::size_t>(at - begin);
  return lines;
}

}  // namespace scanfuse::traces
