// Which command goes out in a tick: refresh stage, normal stage, precharge stage, in this order. Part of the
// inner loop, for tick.cpp alone.
//
// Each bank waits for at most one thing at a time (Bank::action), because requests to one row keep
// their order, a closed bank can only activate for its oldest entry, and an open one only serves the
// oldest entry of its row. So choosing "the first issuable command in queue order" is choosing among
// one candidate per bank.
#pragma once

#include "dram/channel.hpp"
#include "dram/effects.hpp"

namespace scanfuse::dram {

// While no refresh waits.
template <class P>
SCANFUSE_HOT void Channel::selectCommand(Tick now) {
  if (strict<P>() && now < commandBusFree_) return;
  const auto any = [](const Rank&) { return true; };
  if (perBank<P>() ? takeNormalPerBank<P>(now, any) : takeNormalPerRank<P>(now, any)) return;
  if (openPage<P>()) takePrechargeStage<P>(now);
}

template <class P>
SCANFUSE_COLD void Channel::selectAmidRefresh(Tick now) {
  if (strict<P>() && now < commandBusFree_) return;
  if (takeRefreshStage<P>(now)) return;
  const auto free = [this](const Rank& rank) { return !refresh_.holdsBack(rank.index); };
  if (numRanks<P>() > 1 && (perBank<P>() ? takeNormalPerBank<P>(now, free) : takeNormalPerRank<P>(now, free))) return;
  if (openPage<P>()) takePrechargeStage<P>(now);
}

// The candidate that entered the command queue first, of the first rank that has one.
template <class P, class Free>
SCANFUSE_HOT bool Channel::takeNormalPerRank(Tick now, Free free) {
  for (std::uint32_t visited = 0; visited < numRanks<P>(); ++visited) {
    std::uint32_t index = 0;
    if (numRanks<P>() > 1) {
      index = visit_.rank + visited;
      if (index >= numRanks<P>()) index -= numRanks<P>();
    }
    Rank& rank = ranks_[index];
    if (rank.commandAt > now || !free(rank)) continue;
    Bank* first = nullptr;
    rank.eachReady(now, [&first, now](WaitingBanks& banks) {
      Bank& bank = banks.first(now);
      if (first == nullptr || bank.order < first->order) first = &bank;
    });
    if (!oneQueue<P>()) visit_.rank = index;
    serve<P>(rank, *first, now);
    return true;
  }
  return false;
}

// Of banks of several ranks, the one that the round robin comes to first.
class NextInTurn {
 public:
  NextInTurn(const RoundRobin& roundRobin, Pointer from) : from_(roundRobin.turn(from)), turns_(roundRobin.turns()) {}

  SCANFUSE_HOT void look(WaitingBanks& waiting, Rank& rank, Tick now) {
    Bank& next = waiting.firstFrom(from_, now);
    const std::uint32_t distance = next.turn >= from_ ? next.turn - from_ : next.turn + turns_ - from_;
    if (distance >= distance_) return;
    distance_ = distance;
    bank_ = &next;
    rank_ = &rank;
  }
  Bank* bank() const { return bank_; }
  Rank& rank() const { return *rank_; }

 private:
  std::uint32_t from_, turns_;
  std::uint32_t distance_ = ~std::uint32_t{0};
  Bank* bank_ = nullptr;
  Rank* rank_ = nullptr;
};

template <class P, class Free>
SCANFUSE_HOT bool Channel::takeNormalPerBank(Tick now, Free free) {
  NextInTurn next(roundRobin_, visit_);
  for (std::uint32_t index = 0; index < numRanks<P>(); ++index) {
    Rank& rank = ranks_[index];
    if (rank.commandAt > now || !free(rank)) continue;
    rank.eachReady(now, [&](WaitingBanks& banks) { next.look(banks, rank, now); });
  }
  if (next.bank() == nullptr) return false;
  visit_ = {next.rank().index, next.bank()->index};
  serve<P>(next.rank(), *next.bank(), now);
  return true;
}

// Closes a row that no queued command wants, or that has had its share of hits. The lowest priority
// of all; the pointer stays on the bank it has closed (quirk Q11).
template <class P>
SCANFUSE_HOT bool Channel::takePrechargeStage(Tick now) {
  if (numRanks<P>() == 1) {
    Rank& rank = ranks_[0];
    if (rank.prechargeAt > now) return false;
    Bank& bank = rank.waitingFor(Action::Precharge).firstFrom(closing_.bank, now);
    closing_.bank = bank.index;
    leave(rank, bank, Action::Precharge);
    precharge<P>(rank, bank, now);
    advancePointer<P>();
    return true;
  }
  NextInTurn next(roundRobin_, closing_);
  for (std::uint32_t index = 0; index < numRanks<P>(); ++index) {
    Rank& rank = ranks_[index];
    if (rank.prechargeAt > now) continue;
    next.look(rank.waitingFor(Action::Precharge), rank, now);
  }
  if (next.bank() == nullptr) return false;
  closing_ = {next.rank().index, next.bank()->index};
  precharge<P>(next.rank(), *next.bank(), now);
  advancePointer<P>();
  return true;
}

// With one queue of one rank the pointer does not matter.
template <class P>
inline void Channel::advancePointer() {
  if (!oneQueue<P>()) stepPointer();
}

template <class P>
SCANFUSE_COLD bool Channel::takeRefreshStage(Tick now) {
  const RefreshStep step = refreshStep(now);
  if (!step.ready) return false;
  Rank& rank = ranks_[refresh_.waitingRank()];
  Bank& bank = bankAt(rank.index, step.bank);
  switch (step.command) {
    case Command::Precharge: precharge<P>(rank, bank, now); break;
    case Command::Refresh: refresh(rank, now); break;
    default: accessColumn<P>(rank, bank, now); break;
  }
  advancePointer<P>();
  return true;
}

template <class P>
SCANFUSE_HOT void Channel::serve(Rank& rank, Bank& bank, Tick now) {
  if (bank.action == Action::Activate) {
    activate<P>(rank, bank, now);
    if (strict<P>() && stayAfterActivate_) return;
  } else {
    accessColumn<P>(rank, bank, now);
  }
  advancePointer<P>();
}

}  // namespace scanfuse::dram
