// The seven address mapping schemes: which bits of an address choose channel, rank, bank, row, column.
#pragma once

#include <cstdint>

#include "dram/config.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

// Widths of the fields, as the mapping sees them (from the ini files; overrides do not reach it, Q1).
struct MappingWidths {
  explicit MappingWidths(const Config& config);
  std::uint32_t byteOffset, columnLow, channel, rank, bank, row, column;
};

class AddressMap {
 public:
  explicit AddressMap(const Config& config);

  // Throws std::out_of_range if the address falls on a channel or bank that is not there, which only
  // overrides of NUM_CHANS or NUM_BANKS can bring about.
  Location locate(std::uint64_t address) const {
    Location at;
    at.channel = take(address, channel_);
    at.rank = take(address, rank_);
    at.bank = take(address, bank_);
    at.row = take(address, row_);
    at.column = take(address, column_);
    if (checked_) check(address);
    return at;
  }

 private:
  struct Field {
    std::uint32_t shift = 0;
    std::uint64_t mask = 0;
  };
  static std::uint32_t take(std::uint64_t address, Field field) {
    return static_cast<std::uint32_t>((address >> field.shift) & field.mask);
  }
  void check(std::uint64_t address) const;

  Field channel_, rank_, bank_, row_, column_;
  bool checked_;
  std::uint32_t channels_, banks_;
};

}  // namespace scanfuse::dram
