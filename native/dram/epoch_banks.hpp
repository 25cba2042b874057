// Reads and writes waiting to be counted: the statistics count a burst in the tick in which it happens,
// which is later, and maybe in a later epoch, than that of its command.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "dram/statistics.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

class EpochBanks {
 public:
  // Of each kind in order of ticks.
  void read(std::uint32_t bank, Tick returned, Tick latency) { reads_.push_back({returned, latency, bank}); }
  void write(std::uint32_t bank, Tick begun) { writes_.push_back({begun, 0, bank}); }

  // Takes out what happened before tick `end`, by bank.
  std::vector<BankCounters> closeAt(Tick end, std::size_t banks) {
    std::vector<BankCounters> counted(banks);
    for (; !reads_.empty() && reads_.front().tick < end; reads_.pop_front()) {
      BankCounters& bank = counted[reads_.front().bank];
      ++bank.reads;
      bank.latencySum += reads_.front().latency;
    }
    for (; !writes_.empty() && writes_.front().tick < end; writes_.pop_front()) ++counted[writes_.front().bank].writes;
    return counted;
  }

 private:
  struct Burst {
    Tick tick = 0, latency = 0;
    std::uint32_t bank = 0;
  };
  std::deque<Burst> reads_, writes_;
};

}  // namespace scanfuse::dram
