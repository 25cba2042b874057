// An idle memory does the same in every refresh period: each rank wakes up, refreshes and goes back to
// sleep. Once nothing but that is left, one period is executed and the others are multiples of it.
#include <algorithm>
#include <vector>

#include "dram/channel.hpp"

namespace scanfuse::dram {
namespace {

constexpr int kAttempts = 32;

}  // namespace

// Nothing that has happened can still be felt: every threshold lies in the past, every rank rests. What
// happens from here on depends only on where in the refresh schedule we are.
bool Channel::settled() const {
  if (pending_ != 0 || refresh_.waiting() || collisionAt_ != kNever) return false;
  const auto past = [this](Tick tick) { return tick <= now_; };
  for (const Rank& rank : ranks_) {
    if (rank.refreshWaiting || rank.openBanks != 0 || rank.poweredDown != lowPower_) return false;
    if (!past(rank.openUntil) || !past(rank.quietAt) || !past(rank.activateGap) || !past(rank.exitAt)) return false;
    if (!std::all_of(rank.floor.begin(), rank.floor.end(), past)) return false;
    if (!std::all_of(rank.fourWindow.begin(), rank.fourWindow.end(), past)) return false;
  }
  return std::all_of(banks_.begin(), banks_.end(), [&past](const Bank& bank) {
    // The last place of `earliest` belongs to "no action" and is never due.
    return past(bank.idleAt) && past(bank.activeUntil) &&
           std::all_of(bank.earliest.begin(), bank.earliest.end() - 1, past);
  });
}

void Channel::skipIdle(Tick until) {
  if (records_.commands || records_.epochs) return;  // each period has something of its own to record
  const Tick period = refresh_.period();
  runEvents(now_ + period);
  // Not in the midst of a refresh, wherever in the period that is.
  for (int attempt = 0; attempt < kAttempts && !settled(); ++attempt) runEvents(now_ + period / kAttempts + 1);
  if (!settled()) return;
  std::vector<Rank> before;
  for (Rank& rank : ranks_) {
    rank.account(now_, steps_);
    before.push_back(rank);
  }
  runEvents(now_ + period);
  if (!settled()) return;

  const Tick periods = (until - now_) / period;
  std::uint64_t refreshes = 0;
  for (std::uint32_t index = 0; index < numRanks_; ++index) {
    Rank& rank = ranks_[index];
    rank.account(now_, steps_);
    const Rank& past = before[index];
    refreshes += rank.counters.refreshes - past.counters.refreshes;
    rank.energy.background += (rank.energy.background - past.energy.background) * periods;
    rank.energy.refresh += (rank.energy.refresh - past.energy.refresh) * periods;
    rank.counters.repeatIdle(past.counters, periods);
    rank.accounted += periods * period;
  }
  // Each refresh moves the round-robin pointer, which comes back after two rounds at the latest.
  const std::uint64_t cycle = 2 * banks_.size();
  for (std::uint64_t steps = (refreshes % cycle) * (periods % cycle) % cycle; steps != 0; --steps) advancePointer();
  refresh_.skip(periods);
  now_ += periods * period;
  plan(now_);
}

}  // namespace scanfuse::dram
