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
  if (pending() != 0 || refresh_.waiting() || collisionAt_ != kNever) return false;
  const auto past = [this](Tick tick) { return tick <= now_; };
  for (const Rank& rank : ranks_) {
    if (rank.refreshWaiting || rank.openBanks != 0 || rank.poweredDown != lowPower_) return false;
    if (!past(rank.openUntil) || !past(rank.quietAt) || !past(rank.activateGap) || !past(rank.exitAt)) return false;
    if (!past(rank.readFloor) || !past(rank.writeFloor)) return false;
    if (!std::all_of(rank.fourWindow.begin(), rank.fourWindow.end(), past)) return false;
  }
  return std::all_of(banks_.begin(), banks_.end(), [&past](const Bank& bank) {
    return past(bank.idleAt) && past(bank.activeUntil) &&
           std::all_of(bank.earliest.begin(), bank.earliest.end(), past);
  });
}

void Channel::skipIdle(Tick until) {
  if (records_.commands || records_.epochs) return;  // each period has something of its own to record
  const Tick period = refresh_.period();
  runTicks(now_ + period);
  // Not in the midst of a refresh, wherever in the period that is.
  for (int attempt = 0; attempt < kAttempts && !settled(); ++attempt) runTicks(now_ + period / kAttempts + 1);
  if (!settled()) return;
  std::vector<RankFigures> before;
  for (std::uint32_t index = 0; index < numRanks_; ++index) before.push_back(rank(index));
  runTicks(now_ + period);
  if (!settled()) return;

  const Tick periods = (until - now_) / period;
  std::uint64_t refreshes = 0;
  for (std::uint32_t index = 0; index < numRanks_; ++index) {
    Rank& rank = ranks_[index];
    rank.account(now_, steps_);
    const RankFigures& past = before[index];
    RankCounters& counters = rank.counters;
    refreshes += counters.refreshes - past.counters.refreshes;
    rank.background += (rank.background - past.energy.background) * periods;
    // An idle rank does nothing but refresh and sleep.
    counters.refreshes += (counters.refreshes - past.counters.refreshes) * periods;
    counters.powerDownTicks += (counters.powerDownTicks - past.counters.powerDownTicks) * periods;
    counters.powerDownEntries += (counters.powerDownEntries - past.counters.powerDownEntries) * periods;
    rank.accounted += periods * period;
  }
  // Each refresh moves the round-robin pointer, which comes back after two rounds at the latest.
  const std::uint64_t cycle = 2 * banks_.size();
  for (std::uint64_t steps = (refreshes % cycle) * (periods % cycle) % cycle; steps != 0; --steps) stepPointer();
  refresh_.skip(periods);
  now_ += periods * period;
  planNext(now_);
}

}  // namespace scanfuse::dram
