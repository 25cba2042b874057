// Figures gathered while running: per bank, per owner, latencies, epochs, commands.
#pragma once

#include <cstdint>
#include <map>
#include <numeric>
#include <unordered_map>
#include <vector>

#include "dram/energy.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

struct BankCounters {
  std::uint64_t reads = 0, writes = 0, latencySum = 0;
};

// What the transactions of one owner have caused: the sums over owners equal the ranks' figures.
struct OwnerCounters {
  std::uint64_t reads = 0, writes = 0, activates = 0, rowHits = 0;

  std::uint64_t burst(const EnergySteps& steps) const { return reads * steps.read + writes * steps.write; }
  std::uint64_t actpre(const EnergySteps& steps) const { return activates * steps.activate; }
};

class OwnerTable {
 public:
  // The slot of an owner; slots are dense and stay.
  std::uint32_t slot(std::uint32_t owner) {
    const auto [found, isNew] = slots_.try_emplace(owner, static_cast<std::uint32_t>(owners_.size()));
    if (isNew) {
      owners_.push_back(owner);
      counters_.emplace_back();
    }
    return found->second;
  }
  OwnerCounters& operator[](std::uint32_t slot) { return counters_[slot]; }
  const std::vector<std::uint32_t>& owners() const { return owners_; }
  const std::vector<OwnerCounters>& counters() const { return counters_; }

 private:
  std::unordered_map<std::uint32_t, std::uint32_t> slots_;
  std::vector<std::uint32_t> owners_;
  std::vector<OwnerCounters> counters_;
};

// Read latencies in bins of ten ticks.
class LatencyHistogram {
 public:
  void add(Tick latency) {
    if (latency < kNear) {
      ++near_[latency];
    } else {
      addFar(latency / kWidth);
    }
  }
  // (lower bound of the bin, count), ascending, no empty bins.
  std::vector<std::pair<Tick, std::uint64_t>> bins() const {
    std::vector<std::pair<Tick, std::uint64_t>> out;
    for (Tick low = 0; low < kNear; low += kWidth) {
      const std::uint64_t count = std::accumulate(&near_[low], &near_[low] + kWidth, std::uint64_t{0});
      if (count != 0) out.emplace_back(low, count);
    }
    for (const auto& [bin, count] : far_) out.emplace_back(bin * kWidth, count);
    return out;
  }

 private:
  static constexpr Tick kWidth = 10;
  static constexpr Tick kNear = 5000;  // counted tick by tick; longer ones are rare
  SCANFUSE_COLD void addFar(Tick bin) { ++far_[bin]; }
  std::vector<std::uint64_t> near_ = std::vector<std::uint64_t>(kNear);
  std::map<Tick, std::uint64_t> far_;
};

struct EpochRecord {
  Tick end = 0;
  std::uint32_t channel = 0, rank = 0;
  Energy energy;
  std::vector<BankCounters> banks;  // of the bursts in this epoch's ticks, whenever their commands issued
};

struct CommandRecord {
  Tick tick = 0;
  Command command = Command::Read;
  std::uint32_t channel = 0, rank = 0, bank = 0, row = 0, column = 0;
};

}  // namespace scanfuse::dram
