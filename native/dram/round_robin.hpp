// The order in which command queues are visited.
#pragma once

#include <cstdint>

#include "dram/config.hpp"

namespace scanfuse::dram {

struct Pointer {
  std::uint32_t rank = 0, bank = 0;
};

class RoundRobin {
 public:
  RoundRobin(SchedulingOrder order, std::uint32_t ranks, std::uint32_t banks)
      : rankFirst_(order == SchedulingOrder::RankThenBank), ranks_(ranks), banks_(banks) {}

  // When it comes to `at`, counted from rank 0, bank 0.
  std::uint32_t turn(Pointer at) const { return rankFirst_ ? at.bank * ranks_ + at.rank : at.rank * banks_ + at.bank; }
  std::uint32_t turns() const { return ranks_ * banks_; }

  void step(Pointer& at) const {
    if (rankFirst_) {
      if (++at.rank == ranks_) {
        at.rank = 0;
        if (++at.bank == banks_) at.bank = 0;
      }
    } else if (++at.bank == banks_) {
      at.bank = 0;
      if (++at.rank == ranks_) at.rank = 0;
    }
  }

 private:
  bool rankFirst_;
  std::uint32_t ranks_, banks_;
};

}  // namespace scanfuse::dram
