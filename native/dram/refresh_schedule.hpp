// When each rank falls due for refresh, and what stands between falling due and being served: a latch with one
// place, or in strict mode a queue.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "dram/types.hpp"

namespace scanfuse::dram {

// Rank r falls due at stagger*(r+1) + k*period, whenever its refreshes were really made.
class RefreshSchedule {
 public:
  RefreshSchedule(std::uint32_t period, std::uint32_t stagger, std::uint32_t ranks, bool queueing)
      : period_(period), stagger_(stagger), ranks_(ranks), queueing_(queueing), dueAt_(stagger) {}

  Tick dueAt() const { return dueAt_; }
  std::uint32_t dueRank() const { return rank_; }  // the rank that falls due next

  bool waiting() const { return waiting_; }
  std::uint32_t waitingRank() const { return waitingRank_; }
  // Whether the rank gets no commands for its requests. When a second refresh is owed, no rank does.
  bool holdsBack(std::uint32_t rank) const { return waiting_ && (rank == waitingRank_ || !later_.empty()); }
  bool owes(std::uint32_t rank) const {
    return waiting_ && (rank == waitingRank_ || std::find(later_.begin(), later_.end(), rank) != later_.end());
  }

  // The next rank falls due. A rank still in the latch loses its refresh (quirk Q4); in the queue it keeps it.
  void fallDue() {
    if (queueing_ && waiting_) {
      later_.push_back(rank_);
    } else {
      waiting_ = true;
      waitingRank_ = rank_;
    }
    if (++rank_ == ranks_) {
      rank_ = 0;
      round_ += period_;
    }
    dueAt_ = round_ + Tick{stagger_} * (rank_ + 1);
  }
  void served() {
    waiting_ = !later_.empty();
    if (!waiting_) return;
    waitingRank_ = later_.front();
    later_.pop_front();
  }

  Tick period() const { return period_; }
  void skip(Tick periods) {
    round_ += periods * period_;
    dueAt_ += periods * period_;
  }

 private:
  std::uint32_t period_, stagger_, ranks_;
  bool queueing_;
  Tick round_ = 0;
  Tick dueAt_;
  std::uint32_t rank_ = 0;
  bool waiting_ = false;
  std::uint32_t waitingRank_ = 0;
  std::deque<std::uint32_t> later_;  // in line behind it; Config::validate bounds how many there can be
};

}  // namespace scanfuse::dram
