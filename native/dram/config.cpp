#include "dram/config.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "dram/timing.hpp"

namespace scanfuse::dram {
namespace {

template <class Value>
std::string text(Value value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

bool powerOfTwo(std::uint64_t n) { return n != 0 && (n & (n - 1)) == 0; }

void requirePowerOfTwo(const char* key, std::uint64_t value) {
  if (!powerOfTwo(value)) throw ConfigError(key, text(value), "a power of two, at least 1");
}

void requireAtLeast(const char* key, std::uint32_t value, std::uint32_t least) {
  if (value < least) throw ConfigError(key, text(value), "at least " + text(least));
}

void requirePositive(const char* key, float value) {
  if (!(value > 0) || !std::isfinite(value)) throw ConfigError(key, text(value), "a positive number");
}

// Above this the tables of banks alone would fill the memory of the host.
constexpr std::uint64_t kMostBanks = 1u << 20;

// Wide enough for any memory, narrow enough for all conversions between clocks to be exact.
constexpr float kShortestClock = 0.001f, kLongestClock = 1e6f;  // ns
constexpr float kMostTicks = 4294967296.0f;

}  // namespace

std::uint32_t bitsFor(std::uint64_t n) {
  std::uint32_t bits = 0;
  while (n > (std::uint64_t{1} << bits)) ++bits;
  return bits;
}

bool setUint(Config& config, const std::string& key, std::uint32_t value) {
#define SCANFUSE_DRAM_SET(name)  \
  if (key == #name) {            \
    config.name = value;         \
    return true;                 \
  }
  SCANFUSE_DRAM_UINT_KEYS(SCANFUSE_DRAM_SET)
#undef SCANFUSE_DRAM_SET
  return false;
}

std::vector<std::string> uintKeys() {
  std::vector<std::string> keys;
#define SCANFUSE_DRAM_NAME(name) keys.emplace_back(#name);
  SCANFUSE_DRAM_UINT_KEYS(SCANFUSE_DRAM_NAME)
#undef SCANFUSE_DRAM_NAME
  return keys;
}

std::uint64_t Config::rankMegabytes() const {
  const std::uint64_t bits = std::uint64_t{NUM_ROWS} * NUM_COLS * DEVICE_WIDTH * NUM_BANKS * numDevices();
  return (bits / 8) >> 20;
}

std::uint32_t Config::numDevices() const { return JEDEC_DATA_BUS_BITS / DEVICE_WIDTH; }

std::uint32_t Config::numRanks() const {
  // Less than one rank per channel asked for gives one whole rank (quirk Q19).
  const std::uint64_t ranks = megabytes / NUM_CHANS / rankMegabytes();
  return ranks == 0 ? 1 : static_cast<std::uint32_t>(ranks);
}

std::uint32_t Config::refreshPeriodTicks() const {
  return static_cast<std::uint32_t>(static_cast<float>(REFRESH_PERIOD) / tCK);
}

std::uint32_t Config::refreshStaggerTicks() const {
  const float period = static_cast<float>(REFRESH_PERIOD) / tCK;
  return static_cast<std::uint32_t>(period / static_cast<float>(numRanks()));
}

void Config::validate() const {
  requirePowerOfTwo("NUM_CHANS", NUM_CHANS);
  requirePowerOfTwo("NUM_BANKS", NUM_BANKS);
  requirePowerOfTwo("NUM_ROWS", NUM_ROWS);
  requirePowerOfTwo("NUM_COLS", NUM_COLS);
  requirePowerOfTwo("DEVICE_WIDTH", DEVICE_WIDTH);
  requirePowerOfTwo("JEDEC_DATA_BUS_BITS", JEDEC_DATA_BUS_BITS);
  requirePowerOfTwo("BL", BL);
  if (JEDEC_DATA_BUS_BITS < 8) requireAtLeast("JEDEC_DATA_BUS_BITS", JEDEC_DATA_BUS_BITS, 8);
  if (mapped.JEDEC_DATA_BUS_BITS < 8)
    requireAtLeast("JEDEC_DATA_BUS_BITS", mapped.JEDEC_DATA_BUS_BITS, 8);
  if (DEVICE_WIDTH > JEDEC_DATA_BUS_BITS)
    throw ConfigError("DEVICE_WIDTH", text(DEVICE_WIDTH),
                      "at most JEDEC_DATA_BUS_BITS=" + text(JEDEC_DATA_BUS_BITS));
  if (bitsFor(NUM_ROWS) + bitsFor(NUM_COLS) + bitsFor(NUM_BANKS) + bitsFor(JEDEC_DATA_BUS_BITS) > 63)
    throw ConfigError("NUM_ROWS", text(NUM_ROWS), "such that a rank holds fewer than 2^63 bits");
  if (bitsFor(mapped.BL) > bitsFor(mapped.NUM_COLS))
    throw ConfigError("BL", text(mapped.BL), "at most NUM_COLS=" + text(mapped.NUM_COLS));
  requirePositive("tCK", tCK);
  if (!(tCK >= kShortestClock && tCK <= kLongestClock)) throw ConfigError("tCK", text(tCK), "from 0.001 to 1e6 ns");
  if (static_cast<float>(REFRESH_PERIOD) / tCK >= kMostTicks)
    throw ConfigError("REFRESH_PERIOD", text(REFRESH_PERIOD), "shorter than 2^32 ticks of tCK=" + text(tCK) + " ns");
  requirePositive("Vdd", Vdd);
  if (strict()) {
    requireAtLeast("tCMD", tCMD, 1);
  } else {
    if (tCMD != 1) throw ConfigError("tCMD", text(tCMD), "1 (quirk Q16; mode strict models others)");
    requireAtLeast("tFAW", tFAW, 1);
  }
  requireAtLeast("tRP", tRP, 1);
  requireAtLeast("tRFC", tRFC, 1);
  if (std::uint64_t{CL} + AL < 2) throw ConfigError("CL", text(CL), "such that CL+AL is at least 2");
  if (AL > tRCD) throw ConfigError("AL", text(AL), "at most tRCD=" + text(tRCD));
  requireAtLeast("CMD_QUEUE_DEPTH", CMD_QUEUE_DEPTH, 2);
  requireAtLeast("TRANS_QUEUE_DEPTH", TRANS_QUEUE_DEPTH, 1);
  requireAtLeast("TOTAL_ROW_ACCESSES", TOTAL_ROW_ACCESSES, 1);
  requireAtLeast("EPOCH_LENGTH", EPOCH_LENGTH, 1);
  if (mappingScheme < 1 || mappingScheme > 7)
    throw ConfigError("ADDRESS_MAPPING_SCHEME", text(mappingScheme), "scheme1 to scheme7");
  if (!powerOfTwo(megabytes)) throw ConfigError("capacity_mib", text(megabytes), "a power of two, at least 1");
  if (rankMegabytes() == 0)
    throw ConfigError("NUM_ROWS", text(NUM_ROWS), "large enough that a rank holds at least 1 MiB");
  const std::uint64_t ranks = megabytes / NUM_CHANS / rankMegabytes();
  if (ranks > kMostBanks || std::uint64_t{numRanks()} * NUM_BANKS * NUM_CHANS > kMostBanks)
    throw ConfigError("capacity_mib", text(megabytes),
                      "at most " + text(kMostBanks) + " banks in all (this has " + text(ranks) + " ranks of " +
                          text(rankMegabytes()) + " MiB per channel)");
  if (refreshStaggerTicks() < 1)
    throw ConfigError("REFRESH_PERIOD", text(REFRESH_PERIOD),
                      "long enough for one tick per rank (REFRESH_PERIOD/tCK >= " + text(numRanks()) + ")");
  validateDelays();
  if (strict()) {
    validateStrictRefresh();
  } else {
    validateRefresh();
    validateWriteBursts();
  }
}

// Refreshes lie at most nine intervals apart (JESD79-3, 4.12): what takes longer than that leaves no memory to
// speak of, and would keep a simulation busy with refreshes that fall due.
void Config::validateDelays() const {
  const std::uint64_t most = std::uint64_t{refreshPeriodTicks()} * 9;
  const std::pair<const char*, std::uint32_t> delays[] = {
      {"CL", CL},     {"BL", BL},     {"tRAS", tRAS}, {"tRCD", tRCD},   {"tRRD", tRRD}, {"tRC", tRC},
      {"tRP", tRP},   {"tCCD", tCCD}, {"tRTP", tRTP}, {"tWTR", tWTR},   {"tWR", tWR},   {"tRTRS", tRTRS},
      {"tRFC", tRFC}, {"tFAW", tFAW}, {"tCKE", tCKE}, {"tXP", tXP},     {"tCMD", tCMD},
  };
  for (const auto& [key, ticks] : delays)
    if (ticks > most)
      throw ConfigError(key, text(ticks), "at most nine times REFRESH_PERIOD/tCK (" + text(most) + " ticks)");
}

// A rank that falls due as soon as it has been refreshed does nothing else, and the reference runs for ever.
// Several ranks may get by with less, since the one that falls due next makes the last one lose its turn (quirk
// Q4): as long as the end of a refresh moves on from turn to turn.
void Config::validateRefresh() const {
  const std::uint32_t period = refreshPeriodTicks();
  if (numRanks() == 1 ? period > tRFC : tRFC % period != 0) return;
  throw ConfigError("REFRESH_PERIOD", text(REFRESH_PERIOD),
                    "more than tRFC=" + text(tRFC) + " ticks of tCK (this has " + text(period) +
                        "), or a rank does nothing but refresh");
}

// With several ranks two write bursts may meet on the data bus, at which the reference exits (quirk Q8).
void Config::validateWriteBursts() const {
  if (numRanks() == 1) return;
  if (std::uint64_t{tRCD} + 1 < std::uint64_t{AL} + BL / 2)
    throw ConfigError("AL", text(AL), "at most 1+tRCD-BL/2=" + text(std::int64_t{tRCD} + 1 - BL / 2) +
                                          " with several ranks (this has " + text(numRanks()) + "; quirk Q8)");
  if (BL / 2 + tRTRS < 1) throw ConfigError("tRTRS", text(tRTRS), "at least 1 with several ranks and BL=1");
}

// Strict mode makes every refresh. For each one a rank must come to rest, at worst with all its banks just
// opened: not more than eight may be owed by then (JESD79-3, 4.12), and one is being paid.
void Config::validateStrictRefresh() const {
  const Timing t(*this);
  const auto wide = [](std::uint32_t value) { return std::uint64_t{value}; };
  const std::uint64_t turn = std::max({wide(t.writeToReadSameRank), wide(t.readToWrite), wide(t.columnOtherRank)});
  const std::uint64_t rest = wide(tRC) + tRRD + tRCD + (turn + 2 * wide(tCMD)) * (wide(NUM_BANKS) + 1) + tRAS +
                             std::max(t.writeToPrecharge, t.readToPrecharge) + tRP + wide(t.readLatency) + t.burst +
                             tCKE + wide(tCKE) + tXP;
  const std::uint64_t stagger = refreshStaggerTicks(), mostRests = 7;
  if (stagger * mostRests < rest)
    throw ConfigError("REFRESH_PERIOD", text(REFRESH_PERIOD),
                      "at least " + text((rest + mostRests - 1) / mostRests) + " ticks of tCK for each of the " +
                          text(numRanks()) + " ranks (this has " + text(stagger) +
                          "), or refreshes fall due faster than they can be made");
  const std::uint64_t least = wide(tRFC) + t.activateToColumn + tCMD + 1;
  if (refreshPeriodTicks() < least)
    throw ConfigError("REFRESH_PERIOD", text(REFRESH_PERIOD),
                      "at least tRFC+tRCD-AL+tCMD+1=" + text(least) + " ticks of tCK (this has " +
                          text(refreshPeriodTicks()) + "), or a rank does nothing but refresh");
}

}  // namespace scanfuse::dram
