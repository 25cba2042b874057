// Which command goes out in a tick: refresh stage, normal stage, precharge stage, in this order.
//
// Each bank waits for at most one thing at a time (Bank::action), because requests to one row keep
// their order, a closed bank can only activate for its oldest entry, and an open one only serves the
// oldest entry of its row. So choosing "the first issuable command in queue order" is choosing among
// one candidate per bank.
#include <algorithm>

#include "dram/channel.hpp"

namespace scanfuse::dram {

void Channel::selectCommand(Tick now) {
  if (now < commandBusFree_) return;
  if (refresh_.waiting() && takeRefreshStage(now)) return;
  if (takeNormalStage(now)) return;
  if (openPage_) takePrechargeStage(now);
}

// Earliest tick for the action the bank waits for.
Tick Channel::readyAt(const Rank& rank, const Bank& bank) const {
  const auto action = static_cast<std::size_t>(bank.action);
  return std::max(std::max(bank.earliest[action], rank.floor[action]), bank.idleAt);
}

// Earliest activate as the bank table of the model has it (without the four-activate window).
Tick Channel::activateFloor(const Rank& rank, const Bank& bank) const {
  return std::max(bank.at(Action::Activate), rank.activateGap);
}

void Channel::planRank(std::uint32_t index, Tick from) {
  Rank& rank = ranks_[index];
  rank.stale = false;
  rank.commandAt = rank.prechargeAt = kNever;
  if (rank.poweredDown || (rank.entries == 0 && rank.openBanks == 0)) return;
  rank.floor[static_cast<std::size_t>(Action::Activate)] =
      std::max(rank.activateGap, rank.fourWindow[rank.fourOldest]);
  // The hottest loop of the engine.
  Tick command = kNever, precharge = kNever;
  std::uint64_t bestOrder = ~std::uint64_t{0};
  const Tick* floor = rank.floor.data();
  const Bank* bank = &bankAt(index, 0);
  for (std::uint32_t b = 0; b < numBanks_; ++b, ++bank) {
    if (bank->action == Action::None) continue;
    const auto action = static_cast<std::size_t>(bank->action);
    const Tick at = std::max(std::max(bank->earliest[action], floor[action]), std::max(bank->idleAt, from));
    if (bank->action == Action::Precharge) {
      precharge = std::min(precharge, at);
    } else if (at < command || (at == command && bank->order < bestOrder)) {
      command = at;
      rank.best = b;
      bestOrder = bank->order;
    }
  }
  rank.commandAt = command;
  rank.prechargeAt = precharge;
}

bool Channel::takeNormalStage(Tick now) {
  return perBank_ ? takeNormalPerBank(now) : takeNormalPerRank(now);
}

bool Channel::takeNormalPerRank(Tick now) {
  for (std::uint32_t visited = 0; visited < numRanks_; ++visited) {
    std::uint32_t index = visit_.rank + visited;
    if (index >= numRanks_) index -= numRanks_;
    Rank& rank = ranks_[index];
    if (rank.commandAt > now || refresh_.holdsBack(index)) continue;
    if (rank.commandAt < now) planRank(index, now);  // more banks may be ready by now
    visit_.rank = index;
    serve(index, rank.best, now);
    return true;
  }
  return false;
}

bool Channel::takeNormalPerBank(Tick now) {
  bool any = false;
  for (std::uint32_t index = 0; index < numRanks_ && !any; ++index)
    any = ranks_[index].commandAt <= now && !refresh_.holdsBack(index);
  if (!any) return false;
  Pointer at = visit_;
  for (std::size_t visited = 0; visited < banks_.size(); ++visited, roundRobin_.step(at)) {
    const Rank& rank = ranks_[at.rank];
    if (rank.commandAt > now || refresh_.holdsBack(at.rank)) continue;
    const Bank& bank = bankAt(at.rank, at.bank);
    if (bank.action >= Action::Precharge || readyAt(rank, bank) > now) continue;
    visit_ = at;
    serve(at.rank, at.bank, now);
    return true;
  }
  return false;
}

// Closes a row that no queued command wants, or that has had its share of hits. The lowest priority
// of all; the pointer stays on the bank it has closed (quirk Q11).
bool Channel::takePrechargeStage(Tick now) {
  bool any = false;
  for (std::uint32_t index = 0; index < numRanks_ && !any; ++index) any = ranks_[index].prechargeAt <= now;
  if (!any) return false;
  Pointer at = closing_;
  for (std::size_t visited = 0; visited < banks_.size(); ++visited, roundRobin_.step(at)) {
    const Rank& rank = ranks_[at.rank];
    const Bank& bank = bankAt(at.rank, at.bank);
    if (bank.action != Action::Precharge || readyAt(rank, bank) > now) continue;
    closing_ = at;
    precharge(at.rank, at.bank, now);
    advancePointer();
    return true;
  }
  return false;
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
      const bool begun = bank.wanted != kNoEntry && bank.open() && !pool_[bank.wanted].needsActivate;
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
    const bool begun = bank.wanted != kNoEntry && !pool_[bank.wanted].needsActivate;
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

bool Channel::takeRefreshStage(Tick now) {
  const RefreshStep step = refreshStep(now);
  if (!step.ready) return false;
  const std::uint32_t index = refresh_.waitingRank();
  switch (step.command) {
    case Command::Precharge: precharge(index, step.bank, now); break;
    case Command::Refresh: refresh(index, now); break;
    default: accessColumn(index, step.bank, now); break;
  }
  advancePointer();
  return true;
}

void Channel::serve(std::uint32_t rank, std::uint32_t bank, Tick now) {
  if (bankAt(rank, bank).action == Action::Activate) {
    activate(rank, bank, now);
    if (stayAfterActivate_) return;
  } else {
    accessColumn(rank, bank, now);
  }
  advancePointer();
}

void Channel::advancePointer() {
  if (advanceByPairs_ && pairFinished_) {
    pairFinished_ = false;
  } else {
    pairFinished_ = true;
    roundRobin_.step(visit_);
  }
}

}  // namespace scanfuse::dram
