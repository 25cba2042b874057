// What the statistics of one epoch say, from the raw counts: power, bandwidth, latency. The formulas and
// the widths of their arithmetic are those of the model, so that printed digits agree.
#pragma once

#include <cstdint>
#include <vector>

#include "dram/config.hpp"
#include "dram/energy.hpp"
#include "dram/statistics.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

// The counts of one channel over an epoch, or a part of one.
struct ChannelFigures {
  std::vector<Energy> ranks;
  std::vector<BankCounters> banks;  // rank by rank
};

struct Watts {
  double background = 0, burst = 0, refresh = 0, actpre = 0, total = 0;
};

class EpochValues {
 public:
  // `now` is the number of ticks executed when the statistics are taken; the epoch counts as begun at the
  // last multiple of EPOCH_LENGTH before it.
  EpochValues(const Config& config, Tick now)
      : elapsed_(now % config.EPOCH_LENGTH == 0 ? config.EPOCH_LENGTH : now % config.EPOCH_LENGTH),
        tCK_(config.tCK),
        vdd_(config.Vdd),
        burstBytes_(std::uint64_t{config.JEDEC_DATA_BUS_BITS} * config.BL / 8),
        signed_(config.strict()) {}

  Watts power(const Energy& energy) const {
    return {watts(energy.background), watts(energy.burst), watts(energy.refresh), watts(energy.actpre),
            watts(energy.background + energy.burst + energy.refresh + energy.actpre)};
  }
  // In 2^30 bytes per second.
  double bandwidth(const BankCounters& bank) const {
    const double seconds = static_cast<double>(elapsed_) * tCK_ * 1e-9;
    const auto bursts = static_cast<double>(bank.reads + bank.writes);
    return (bursts * static_cast<double>(burstBytes_) / (1024.0 * 1024.0 * 1024.0)) / seconds;
  }
  // Mean read latency in nanoseconds; not a number without reads.
  float latency(const BankCounters& bank) const {
    return static_cast<float>(bank.latencySum) / static_cast<float>(bank.reads) * tCK_;
  }
  std::uint64_t burstBytes() const { return burstBytes_; }

 private:
  double watts(std::uint64_t accumulated) const {
    const double sum = signed_ ? static_cast<double>(static_cast<std::int64_t>(accumulated))
                               : static_cast<double>(accumulated);
    return sum / static_cast<double>(elapsed_) * vdd_ / 1000.0;
  }
  Tick elapsed_;
  float tCK_, vdd_;
  std::uint64_t burstBytes_;
  bool signed_;  // energies may be negative in strict mode
};

}  // namespace scanfuse::dram
