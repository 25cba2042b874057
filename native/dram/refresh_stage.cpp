// What the refresh stage does for a rank that is due: finish and close its banks, then refresh it.
#include <algorithm>

#include "dram/channel.hpp"

namespace scanfuse::dram {

// Earliest tick for the action the bank waits for.
Tick Channel::readyAt(const Rank& rank, const Bank& bank) {
  switch (bank.action) {
    case Action::Read: return std::max(bank.ready, rank.readFloor);
    case Action::Write: return std::max(bank.ready, rank.writeFloor);
    case Action::Activate: return std::max(bank.ready, rank.activateFloor());
    default: return bank.ready;
  }
}

// What the refresh stage can do for the waiting rank in tick `now`. Banks are finished and closed one
// after the other in bank order; only the first that stands in the way is worked on (quirk Q18).
Channel::RefreshStep Channel::refreshStep(Tick now) const {
  if (strict_) return strictRefreshStep(now);
  RefreshStep step;
  const std::uint32_t index = refresh_.waitingRank();
  const Rank& rank = ranks_[index];
  for (std::uint32_t b = 0; b < numBanks_; ++b) {
    const Bank& bank = bankAt(index, b);
    step.bank = b;
    if (bank.active(now)) {
      const bool begun = bank.wanted != nullptr && bank.open() && !bank.wanted->needsActivate;
      if (begun) {
        step.command = Command::Read;  // or write: whatever the entry is
        step.at = readyAt(rank, bank);
      } else if (openPage_) {
        step.command = Command::Precharge;
        step.at = bank.at(Action::Precharge);
      } else {
        step.at = bank.activeUntil;  // closes by itself
        return step;
      }
      step.ready = step.at <= now;
      return step;
    }
    step.at = activateFloor(rank, bank);
    if (now < step.at) return step;
  }
  if (rank.poweredDown) {
    step.at = kNever;  // its exit is an event of its own
    return step;
  }
  step.at = now;
  step.ready = true;
  return step;
}

// In strict mode all banks that stand in the way are worked on at once, the first that can do something first.
Channel::RefreshStep Channel::strictRefreshStep(Tick now) const {
  RefreshStep step;
  const std::uint32_t index = refresh_.waitingRank();
  const Rank& rank = ranks_[index];
  Tick resting = 0;  // from then on nothing stands in the way, if no bank has something to do
  bool busy = false;
  for (std::uint32_t b = 0; b < numBanks_; ++b) {
    const Bank& bank = bankAt(index, b);
    resting = std::max({resting, activateFloor(rank, bank), bank.idleAt});
    if (!bank.open()) continue;
    busy = true;
    const bool begun = bank.wanted != nullptr && !bank.wanted->needsActivate;
    const Tick at = begun ? readyAt(rank, bank) : bank.at(Action::Precharge);
    if (at >= step.at) continue;
    step.bank = b;
    step.command = begun ? Command::Read : Command::Precharge;  // read or write: whatever the entry is
    step.at = at;
    if (at <= now) break;
  }
  if (!busy) step.at = rank.poweredDown ? kNever : resting;  // its exit is an event of its own
  step.ready = step.at <= now;
  return step;
}

}  // namespace scanfuse::dram
