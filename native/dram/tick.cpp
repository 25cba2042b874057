// The order of events within a tick, and the loop over the ticks that matter.
#include <algorithm>
#include <string>

#include "dram/channel.hpp"
#include "dram/effects.hpp"
#include "dram/selection.hpp"

namespace scanfuse::dram {

template <class P>
SCANFUSE_HOT Entry& Channel::newEntry(const Location& at, bool isWrite, std::uint64_t tag, std::uint32_t ownerSlot) {
  Entry& entry = pool_.take();
  entry.tag = tag;
  entry.added = now_;
  entry.bank = numRanks<P>() == 1 ? &banks_[at.bank] : &bankAt(at.rank, at.bank);
  entry.row = at.row;
  if (!P::fixed) entry.column = at.column;  // for records alone
  entry.owner = ownerSlot;
  entry.isWrite = isWrite;
  entry.needsActivate = true;
  return entry;
}

// Into the transaction queue.
SCANFUSE_HOT void Channel::enqueue(Entry& entry, bool oneQueue) {
  ++queued_;
  if (oneQueue) return waiting_.append(entry);
  entry.order = ++arrivals_;
  CommandQueue& queue = queues_[entry.bank->queue];
  queue.waiting.append(entry);
  renewMovable(queue);
}

void Channel::add(const Location& at, bool isWrite, std::uint64_t tag, std::uint32_t ownerSlot) {
  Entry& entry = newEntry<AnyPolicy>(at, isWrite, tag, ownerSlot);
  if (hasRoom()) {
    enqueue(entry, oneQueue_);
  } else {
    pushOverflow(entry);
  }
  if (oneQueue_ ? used_ < usedBelow_ : !movable_.empty()) next_ = now_;
}

template <class P>
void Channel::addEach(const RequestRun& run, const AddressMap& map) {
  for (std::size_t i = 0; i != run.size;) {
    if (hasRoom()) {
      if (run.cycles[i] <= static_cast<std::int64_t>(now_)) {
        enqueue(newEntry<P>(map.locate(run.addresses[i]), run.isWrite[i], run.firstTag + i, run.ownerSlot), oneQueue<P>());
        if (canMove<P>()) next_ = now_;
        run.accepted[i++] = static_cast<std::int64_t>(now_);
        continue;
      }
      const auto until = static_cast<Tick>(run.cycles[i]);
      if (numRanks<P>() == 1 && queued_ == 1 && ranks_[0].poweredDown && serveAlone<P>(until)) continue;
      if (next_ >= until || until > now_ + longIdle_) {
        runTo(until);
        continue;
      }
    }
    tick<P>(next_);
  }
}

// Wakes a sleeping rank for the one transaction there is, and lets it sleep again, if nothing else happens before
// `until` meanwhile: as its ticks would, but their times are known.
template <class P>
bool Channel::serveAlone(Tick until) {
  Rank& rank = ranks_[0];
  if (!P::fixed || rank.entries != 0 || rank.refreshWaiting || refresh_.waiting() || !overflow_.empty()) return false;
  const Entry& alone = oneQueue<P>() ? *waiting_.head : *movable_[0]->waiting.head;
  Bank& bank = *alone.bank;
  const bool write = alone.isWrite;
  const Tick awake = std::max(now_, rank.exitAt);
  const Tick opened = std::max(awake + std::max(timing_.tXP, 1u), rank.fourWindow[rank.fourOldest]);
  const Tick used = std::max({opened + std::max(timing_.activateToColumn, 1u), write ? rank.writeFloor : rank.readFloor,
                              bank.at(write ? Action::Write : Action::Read)});
  const Tick done = used + (write ? timing_.writeToPrecharge : timing_.readToPrecharge);
  const Tick closed = openPage<P>() ? std::max({used + 1, done, opened + timing_.tRAS, bank.at(Action::Precharge)}) : done;
  const Tick asleep = std::max(closed + timing_.tRP, rank.quietAt);
  if (asleep >= until || asleep >= alarm_ || asleep + timing_.tXP >= refresh_.dueAt()) return false;

  moveTransaction<P>();
  leavePowerDown(rank, awake);
  visit_.bank = bank.index;
  serve<P>(rank, bank, now_ = opened);
  visit_.bank = bank.index;
  serve<P>(rank, bank, now_ = used);
  if (openPage<P>()) {
    closing_.bank = bank.index;
    precharge<P>(rank, bank, now_ = closed);
    advancePointer<P>();
  }
  enterPowerDown(rank, now_ = asleep);
  now_ = asleep + 1;
  plan<P>(now_);
  return true;
}

// One executed tick, in the order of the model. The parts of a tick that concern data on the bus are
// closed forms of the tick a column command issues in, so they need no steps here.
template <class P>
SCANFUSE_HOT void Channel::tick(Tick now) {
  now_ = now;
  const bool quiet = now < quietUntil_;
  if (!quiet) {
    if (now >= alarm_) meetAlarm(now);
    if (!overflow_.empty()) admitOverflow(now);
    checkRefreshDue(now);
  }
  if (quiet || !refresh_.waiting()) {
    selectCommand<P>(now);
  } else {
    selectAmidRefresh<P>(now);
  }
  const auto finish = [this, now, quiet] {
    checkPowerStates<P>(now, quiet);
    now_ = now + 1;
    plan<P>(now_);
  };
  if (!canMove<P>()) return finish();
  moveTransaction<P>();
  finish();
  if (canMove<P>()) next_ = now_;
}

template <class P>
void Channel::run(Tick until, Stop stop) {
  while (next_ < until && !reached(stop)) tick<P>(next_);
}

void Channel::meetAlarm(Tick now) {
  if (epochEnd_ <= now) recordEpochsTo(now);
  if (now == collisionAt_)
    throw BusCollision("two write bursts collide on the data bus of channel " + std::to_string(index_) + " at tick " +
                       std::to_string(now) + ": with several ranks, 1+tRCD-AL must be at least BL/2");
}

void Channel::admitOverflow(Tick now) {
  if (!hasPlace()) return;
  if (!strict_) overflow_.front()->added = now;  // quirk Q6
  enqueue(*overflow_.front(), oneQueue_);
  popOverflow();
}

inline void Channel::checkRefreshDue(Tick now) {
  if (now == refresh_.dueAt()) {
    fallDue(now);
  } else {
    Rank& rank = ranks_[refresh_.dueRank()];
    if (rank.poweredDown && refresh_.dueAt() - now <= timing_.tXP) rank.refreshWaiting = true;  // wake it in time
  }
}

void Channel::fallDue(Tick now) {
  ranks_[refresh_.dueRank()].refreshWaiting = true;
  refresh_.fallDue();
  const std::uint64_t waiting = placed();
  if (waiting == 0 || order_ - waiting != progress_) {
    progressAt_ = now;
    progress_ = order_ - waiting;
  } else if (now - progressAt_ > patience_)
    throw NoProgress("no read or write could issue on channel " + std::to_string(index_) + " between ticks " +
                     std::to_string(progressAt_) + " and " + std::to_string(now) +
                     " though requests wait: REFRESH_PERIOD/tCK must leave time after tRFC to open a row and use it");
}

template <class P>
SCANFUSE_HOT bool Channel::canMove() const {
  if (oneQueue<P>()) return used_ < usedBelow_ && queued_ != 0;
  return !movable_.empty();
}

// Of the command queues that could take one, the one whose transaction is the oldest. So a younger one passes older
// ones whose queues are full (quirk Q5).
Entry& Channel::takeOldestMovable() {
  std::size_t at = 0;
  for (std::size_t i = 1; i < movable_.size(); ++i)
    if (movable_[i]->waiting.head->order < movable_[at]->waiting.head->order) at = i;
  CommandQueue& queue = *movable_[at];
  Entry& entry = *queue.waiting.head;
  queue.waiting.pop();
  queue.used += 2;
  if (queue.used >= usedBelow_ || queue.waiting.head == nullptr) {
    queue.movable = false;
    movable_[at] = movable_.back();
    movable_.pop_back();
  }
  return entry;
}

template <class P>
SCANFUSE_HOT void Channel::moveTransaction() {
  Entry& entry = oneQueue<P>() ? *waiting_.head : takeOldestMovable();
  if (oneQueue<P>()) {
    waiting_.pop();
    used_ += 2;
  }
  --queued_;
  Bank& bank = *entry.bank;
  Rank& rank = ranks_[numRanks<P>() == 1 ? 0 : bank.rank];
  entry.order = ++order_;
  bank.entries.append(entry);
  ++rank.entries;
  // An entry changes what its bank waits for only if the bank waited for none.
  if (bank.wanted != nullptr) return;
  if (bank.open() && bank.row != entry.row) return;
  bank.wanted = &entry;
  chooseAction<P>(rank, bank);
}

// Power-down is entered at once when a rank has nothing to do, and left when it has work again.
template <class P>
SCANFUSE_HOT void Channel::checkPowerStates(Tick now, bool quiet) {
  for (std::uint32_t index = 0; index < numRanks<P>(); ++index) {
    Rank& rank = ranks_[index];
    if ((rank.entries != 0 && (quiet || !rank.poweredDown)) || !lowPower_) continue;
    const bool atWork = rank.entries != 0 || rank.refreshWaiting;
    if (rank.poweredDown) {
      if (atWork && now >= rank.exitAt) leavePowerDown(rank, now);
    } else if (!atWork && rank.openBanks == 0 && now >= rank.quietAt) {
      enterPowerDown(rank, now);
    }
  }
}

void Channel::enterPowerDown(Rank& rank, Tick now) {
  rank.account(now, steps_);
  rank.poweredDown = true;
  quietUntil_ = 0;
  rank.exitAt = now + timing_.tCKE;
  ++rank.counters.powerDownEntries;
  rank.stale = true;
  note(Command::PowerDownEntry, now, rank.index, 0, 0, 0);
}

void Channel::leavePowerDown(Rank& rank, Tick now) {
  rank.account(now, steps_);
  rank.poweredDown = false;
  rank.stale = true;
  if (strict_) {
    raise(rank.activateGap, now + timing_.tXP);
    raise(rank.quietAt, now + timing_.tCKE);
  } else {  // quirk Q17
    // The next activates of all banks are assigned, so they may go down.
    rank.activateGap = now + timing_.tXP;
    if (exitMayLower_) {
      Bank* const banks = banksOf(rank);
      for (std::uint32_t b = 0; b < numBanks_; ++b)
        banks[b].at(Action::Activate) = std::min(banks[b].at(Action::Activate), rank.activateGap);
      renew(rank, Action::Activate);
    }
  }
  note(Command::PowerDownExit, now, rank.index, 0, 0, 0);
}

// The next tick, `from` or later, in which something can change if no transaction moves on.
template <class P>
SCANFUSE_HOT void Channel::plan(Tick from) {
  const bool quiet = from < quietUntil_;
  Tick next = quiet ? quietUntil_ : planAmidEvents(from);
  for (std::uint32_t index = 0; index < numRanks<P>(); ++index) {
    Rank& rank = ranks_[index];
    if (!quiet && rank.poweredDown) {
      rank.planNothing();
    } else if (numRanks<P>() == 1) {
      rank.plan();
    } else if (rank.stale) {
      rank.stale = false;
      rank.plan();
    }
    next = std::min(next, rank.prechargeAt);
    if (quiet || !refresh_.holdsBack(index)) next = std::min(next, rank.commandAt);
    if (rank.entries == 0 && lowPower_ && !rank.poweredDown && rank.openBanks == 0 && !rank.refreshWaiting)
      next = std::min(next, rank.quietAt);
  }
  next_ = std::max(next, from);
}

// The next event other than the commands of requests, and until when there is none that needs a look in each tick.
Tick Channel::planAmidEvents(Tick from) {
  Tick next = std::min(refresh_.dueAt(), alarm_);
  quietUntil_ = next;
  if (!overflow_.empty()) {
    quietUntil_ = 0;
    if (hasPlace()) next = from;
  }
  for (const Rank& rank : ranks_) {
    if (!rank.poweredDown) continue;
    quietUntil_ = 0;
    if (rank.entries != 0 || rank.refreshWaiting) next = std::min(next, rank.exitAt);
  }
  if (refresh_.waiting()) {
    quietUntil_ = 0;
    next = std::min(next, refreshStep(from).at);
  }
  const Rank& due = ranks_[refresh_.dueRank()];
  if (due.poweredDown && !due.refreshWaiting) {
    const Tick dueAt = refresh_.dueAt();
    next = std::min(next, dueAt > timing_.tXP ? dueAt - timing_.tXP : from);
  }
  return next;
}

// With no requests on their way.
void Channel::planNext(Tick from) { plan<AnyPolicy>(from); }

void Channel::refresh(Rank& rank, Tick now) {
  rank.account(now, steps_);
  const Tick ready = now + timing_.tRFC;
  Bank* const banks = banksOf(rank);
  for (std::uint32_t b = 0; b < numBanks_; ++b) banks[b].at(Action::Activate) = banks[b].idleAt = ready;
  rank.activateGap = 0;
  renew(rank, Action::Activate);
  raise(rank.openUntil, ready);
  rank.quietAt = strict_ ? std::max(rank.quietAt, ready) : ready;
  refresh_.served();
  rank.refreshWaiting = refresh_.owes(rank.index);
  ++rank.counters.refreshes;
  note(Command::Refresh, now, rank.index, 0, 0, 0);
}

// The earliest ticks of an action have changed for banks of the rank.
void Channel::renew(Rank& rank, Action action) {
  rank.stale = true;
  Bank* const banks = banksOf(rank);
  for (std::uint32_t b = 0; b < numBanks_; ++b) {
    if (banks[b].action != action) continue;
    rank.waitingFor(action).remove(banks[b]);
    banks[b].ready = readyFor(banks[b], action);
    rank.waitingFor(action).insert(banks[b], now_);
  }
}

// A burst counts for the epoch in which it happens.
void Channel::recordBurst(const Entry& entry, Tick done) {
  const std::uint32_t bank = (entry.bank->rank << bankBits_) + entry.bank->index;
  if (entry.isWrite) {
    epochBanks_.write(bank, done - timing_.burst);
  } else {
    epochBanks_.read(bank, done, done - entry.added);
  }
}

void Channel::record(Command command, Tick now, std::uint32_t rank, std::uint32_t bank, std::uint32_t row,
                     std::uint32_t column) {
  if (timing_.tCMD > 1 && command < Command::PowerDownEntry) commandBusFree_ = now + timing_.tCMD;
  if (records_.commands) commands_.push_back({now, command, index_, rank, bank, row, column});
}

// With AL>0 the pointer advances after every second command (quirk Q13).
void Channel::stepPointer() {
  if (advanceByPairs_ && pairFinished_) {
    pairFinished_ = false;
  } else {
    pairFinished_ = true;
    roundRobin_.step(visit_);
  }
}

Channel::Loops Channel::chooseLoops() const {
  const auto withRanks = [this](Loops one, Loops several) { return numRanks_ == 1 ? one : several; };
  if (anyPolicy_) return loopsOf<AnyPolicy>();
  if (openPage_ && !perBank_)
    return withRanks(loopsOf<FixedPolicy<true, false, true>>(), loopsOf<FixedPolicy<true, false, false>>());
  if (openPage_)
    return withRanks(loopsOf<FixedPolicy<true, true, true>>(), loopsOf<FixedPolicy<true, true, false>>());
  if (!perBank_)
    return withRanks(loopsOf<FixedPolicy<false, false, true>>(), loopsOf<FixedPolicy<false, false, false>>());
  return withRanks(loopsOf<FixedPolicy<false, true, true>>(), loopsOf<FixedPolicy<false, true, false>>());
}

}  // namespace scanfuse::dram
