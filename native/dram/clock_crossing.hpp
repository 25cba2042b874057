// CPU cycles and DRAM ticks: which ticks run in which CPU cycle.
#pragma once

#include <cstdint>

#include "dram/types.hpp"

namespace scanfuse::dram {

// Tick k runs in CPU cycle floor(k*C/D), both counted from 0, where C is the CPU's frequency and D
// the DRAM's in whole Hz. With no CPU frequency given the two clocks are the same.
class ClockCrossing {
 public:
  ClockCrossing(float tCK, std::uint64_t cpuHz);
  std::uint64_t cycleOf(Tick tick) const { return cpu_ == dram_ ? tick : floorCycle(tick); }
  // The first tick that runs in this cycle or later.
  Tick firstTick(std::uint64_t cycle) const { return cpu_ == dram_ ? cycle : ceilingTick(cycle); }

 private:
  std::uint64_t floorCycle(Tick tick) const;
  Tick ceilingTick(std::uint64_t cycle) const;

  std::uint64_t cpu_, dram_;
};

}  // namespace scanfuse::dram
