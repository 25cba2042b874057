// What a fuzzer hands over, taken apart: numbers from the front, zeros once it is used up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace scanfuse::fuzz {

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }

  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  std::uint32_t word() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return value;
  }
  // Mostly small, now and then anything.
  std::uint32_t number() {
    const std::uint8_t first = byte();
    return first < 0xf0 ? first : word();
  }
  std::uint32_t pick(std::initializer_list<std::uint32_t> values) { return values.begin()[byte() % values.size()]; }
  std::string_view rest() {
    const std::string_view all(reinterpret_cast<const char*>(data_), left_);
    left_ = 0;
    return all;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

}  // namespace scanfuse::fuzz
