#include "dram/address_map.hpp"

#include <sstream>
#include <stdexcept>

namespace scanfuse::dram {
namespace {

// Fields from the least significant bits upwards: c channel, r rank, b bank, w row, k column.
constexpr const char* kSchemes[] = {"bkwrc", "rbkwc", "wkbrc", "kwbrc", "brkwc", "krbwc", "cbrkw"};

}  // namespace

MappingWidths::MappingWidths(const Config& config) {
  const Geometry& files = config.mapped;
  byteOffset = bitsFor(files.JEDEC_DATA_BUS_BITS / 8);
  columnLow = bitsFor(std::uint64_t{files.JEDEC_DATA_BUS_BITS} / 8 * files.BL) - byteOffset;
  channel = bitsFor(files.NUM_CHANS);
  rank = bitsFor(config.numRanks());
  bank = bitsFor(files.NUM_BANKS);
  row = bitsFor(files.NUM_ROWS);
  column = bitsFor(files.NUM_COLS) - columnLow;
}

AddressMap::AddressMap(const Config& config)
    : channels_(config.NUM_CHANS), banks_(config.NUM_BANKS) {
  const MappingWidths widths(config);
  std::uint32_t shift = widths.byteOffset + widths.columnLow;
  const auto peel = [&shift](std::uint32_t width) {
    // A field wholly above bit 63 reads as zero.
    const Field field = shift > 63 ? Field{} : Field{shift, (std::uint64_t{1} << width) - 1};
    shift += width;
    return field;
  };
  for (const char* field = kSchemes[config.mappingScheme - 1]; *field != 0; ++field) {
    switch (*field) {
      case 'c': channel_ = peel(widths.channel); break;
      case 'r': rank_ = peel(widths.rank); break;
      case 'b': bank_ = peel(widths.bank); break;
      case 'w': row_ = peel(widths.row); break;
      default: column_ = peel(widths.column); break;
    }
  }
  if (channels_ == 1) channel_ = Field{};  // without a look at the address
  checked_ = config.mapped.NUM_CHANS > config.NUM_CHANS || config.mapped.NUM_BANKS > config.NUM_BANKS;
}

void AddressMap::check(std::uint64_t address) const {
  const std::uint32_t channel = take(address, channel_), bank = take(address, bank_);
  const bool channelMissing = channel >= channels_;
  if (!channelMissing && bank < banks_) return;
  std::ostringstream text;
  text << "address 0x" << std::hex << address << std::dec << " maps to "
       << (channelMissing ? "channel " : "bank ") << (channelMissing ? channel : bank) << " but there are only "
       << (channelMissing ? channels_ : banks_) << "; an override of " << (channelMissing ? "NUM_CHANS" : "NUM_BANKS")
       << " does not change the address mapping, set it in the ini file instead";
  throw std::out_of_range(text.str());
}

}  // namespace scanfuse::dram
