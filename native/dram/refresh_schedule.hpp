// When each rank falls due for refresh, and the one-place latch between falling due and being served.
#pragma once

#include <cstdint>

#include "dram/types.hpp"

namespace scanfuse::dram {

// Rank r falls due at stagger*(r+1) + k*period, whenever its refreshes were really made.
class RefreshSchedule {
 public:
  RefreshSchedule(std::uint32_t period, std::uint32_t stagger, std::uint32_t ranks)
      : period_(period), stagger_(stagger), ranks_(ranks), dueAt_(stagger) {}

  Tick dueAt() const { return dueAt_; }
  std::uint32_t dueRank() const { return rank_; }  // the rank that falls due next

  bool waiting() const { return waiting_; }
  std::uint32_t waitingRank() const { return waitingRank_; }
  bool holdsBack(std::uint32_t rank) const { return waiting_ && rank == waitingRank_; }

  // The next rank falls due. A rank still in the latch loses its refresh (quirk Q4).
  void fallDue() {
    waiting_ = true;
    waitingRank_ = rank_;
    if (++rank_ == ranks_) {
      rank_ = 0;
      round_ += period_;
    }
    dueAt_ = round_ + Tick{stagger_} * (rank_ + 1);
  }
  void served() { waiting_ = false; }

  Tick period() const { return period_; }
  void skip(Tick periods) {
    round_ += periods * period_;
    dueAt_ += periods * period_;
  }

 private:
  std::uint32_t period_, stagger_, ranks_;
  Tick round_ = 0;
  Tick dueAt_;
  std::uint32_t rank_ = 0;
  bool waiting_ = false;
  std::uint32_t waitingRank_ = 0;
};

}  // namespace scanfuse::dram
