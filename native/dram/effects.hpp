// What a command does to the bank table, to the counters and to its transaction. Part of the inner loop, for
// tick.cpp alone.
#pragma once

#include <algorithm>

#include "dram/channel.hpp"

namespace scanfuse::dram {

// Works out what the bank waits for, from its state and its wanted entry.
template <class P>
SCANFUSE_HOT void Channel::chooseAction(Rank& rank, Bank& bank) {
  if (bank.open()) {
    if (bank.wanted != nullptr && bank.hits < hitCap_) {
      await<P>(rank, bank, bank.wanted->isWrite ? Action::Write : Action::Read);
    } else {
      await<P>(rank, bank, Action::Precharge);
    }
  } else {
    await<P>(rank, bank, bank.wanted != nullptr ? Action::Activate : Action::None);
  }
}

// The bank waits no longer for what it is known to wait for.
SCANFUSE_HOT void Channel::leave(Rank& rank, Bank& bank, Action action) {
  rank.waitingFor(action).remove(bank);
  bank.action = Action::None;
}

template <class P>
SCANFUSE_HOT void Channel::await(Rank& rank, Bank& bank, Action action) {
  if (numRanks<P>() > 1) rank.stale = true;
  const Action before = bank.action;
  if (action == Action::None) {
    if (before != Action::None) rank.waitingFor(before).remove(bank);
    bank.action = action;
    return;
  }
  if (before != Action::None) rank.waitingFor(before).remove(bank);
  bank.action = action;
  bank.ready = readyFor(bank, action);
  bank.order = perBank<P>() || action == Action::Precharge ? bank.turn : bank.wanted->order;
  rank.waitingFor(action).insert(bank, now_);
}

template <class P>
SCANFUSE_HOT void Channel::takeFromQueue(const Bank& bank, std::uint32_t commands) {
  if (oneQueue<P>()) {
    used_ -= commands;
    return;
  }
  CommandQueue& queue = queues_[bank.queue];
  queue.used -= commands;
  renewMovable(queue);
}

template <class P>
SCANFUSE_HOT void Channel::activate(Rank& rank, Bank& bank, Tick now) {
  Entry& entry = *bank.wanted;
  entry.needsActivate = false;
  takeFromQueue<P>(bank, 1);
  if (rank.openBanks == 0) rank.account(now, steps_);
  ++rank.openBanks;
  bank.row = entry.row;
  if (strict<P>()) bank.hits = 0;
  bank.activeUntil = kNever;
  bank.idleAt = 0;
  bank.at(Action::Activate) = std::max(activateFloor(rank, bank), now + timing_.tRC);
  raise(bank.at(Action::Precharge), now + timing_.tRAS);
  if (P::fixed && openPage<P>()) {  // all other delays of columns are the rank's
    bank.at(Action::Read) = bank.at(Action::Write) = now + timing_.activateToColumn;
  } else {
    raise(bank.at(Action::Read), now + timing_.activateToColumn);
    raise(bank.at(Action::Write), now + timing_.activateToColumn);
  }
  rank.activated(now, timing_.tFAW);
  ++rank.counters.activates;
  ++owners_[entry.owner].activates;
  noteOf<P>(bank, Command::Activate, entry, now);
  leave(rank, bank, Action::Activate);
  await<P>(rank, bank, entry.isWrite ? Action::Write : Action::Read);
  if (P::fixed || rankWideActivateGap_) {
    rank.activateGap = now + timing_.tRRD;
  } else {  // tRRD > tRC: the activated bank itself must not feel it
    Bank* const banks = banksOf(rank);
    for (std::uint32_t b = 0; b < numBanks_; ++b)
      if (b != bank.index) raise(banks[b].at(Action::Activate), now + timing_.tRRD);
    renew(rank, Action::Activate);
  }
}

// Issues the read or write the bank waits for, with auto-precharge under the close-page policy.
template <class P>
SCANFUSE_HOT void Channel::accessColumn(Rank& rank, Bank& bank, Tick now) {
  Entry& entry = *bank.wanted;
  OwnerCounters& owner = owners_[entry.owner];
  const bool write = entry.isWrite;

  if (strict<P>()) ++bank.hits;  // all of them count (quirk Q3)
  if (entry.needsActivate) {     // a row hit: its own activate is dropped
    if (!strict<P>()) ++bank.hits;
    ++rank.counters.rowHits;
    ++owner.rowHits;
  }
  takeFromQueue<P>(bank, entry.needsActivate ? 2 : 1);

  if (write) {
    constrainColumns<P>(rank, now + timing_.writeToReadSameRank, now + timing_.columnSameRank);
    if (numRanks<P>() > 1) {
      constrainOtherRanks(rank, now + timing_.writeToReadOtherRank, now + timing_.columnOtherRank, now);
      // Only bursts of writes are checked against each other (quirk Q8).
      if (lastWrite_ != kNever && now - lastWrite_ < timing_.burst && collisionAt_ == kNever)
        raiseAlarm(now + timing_.writeLatency);
      lastWrite_ = now;
    }
    ++owner.writes;
  } else {
    constrainColumns<P>(rank, now + timing_.columnSameRank, now + timing_.readToWriteSameRank);
    if (numRanks<P>() > 1) constrainOtherRanks(rank, now + timing_.columnOtherRank, now + timing_.readToWrite, now);
    if (strict<P>()) raise(rank.quietAt, timing_.readDone(now));  // not asleep before its data is out
    ++owner.reads;
  }
  const std::uint32_t toPrecharge = write ? timing_.writeToPrecharge : timing_.readToPrecharge;
  if (openPage<P>()) {
    raise(bank.at(Action::Precharge), now + toPrecharge);
    noteOf<P>(bank, write ? Command::Write : Command::Read, entry, now);
  } else {
    // The bank closes by itself.
    if (rank.openBanks == 1) rank.account(now, steps_);
    --rank.openBanks;
    bank.activeUntil = now + toPrecharge;
    if (strict<P>()) raise(bank.activeUntil, bank.at(Action::Precharge));  // when tRAS is over
    bank.idleAt = bank.activeUntil + timing_.tRP;
    if (strict<P>()) {
      raise(bank.at(Action::Activate), bank.idleAt);
    } else {  // nextRd and nextWr are assigned, they may go down
      const Tick reopen = std::max(activateFloor(rank, bank),
                                   now + (write ? timing_.writeAutoToActivate : timing_.readAutoToActivate));
      bank.at(Action::Activate) = bank.at(Action::Read) = bank.at(Action::Write) = reopen;
    }
    raise(rank.openUntil, bank.activeUntil);
    raise(rank.quietAt, bank.idleAt);
    noteOf<P>(bank, write ? Command::WriteAuto : Command::ReadAuto, entry, now);
  }

  // Whatever the bank serves next comes after this entry if its row stays open, else it is the oldest.
  bank.entries.unlink(entry);
  if (openPage<P>()) {
    Entry* following = entry.after;
    while (following != nullptr && following->row != bank.row) following = following->after;
    bank.wanted = following;
  } else {
    bank.wanted = bank.entries.head;
  }
  --rank.entries;
  finishTransaction<P>(entry, bank, now);
  pool_.give(entry);
  if (P::fixed && openPage<P>() && bank.wanted != nullptr && bank.hits < hitCap_ &&
      bank.action == (bank.wanted->isWrite ? Action::Write : Action::Read)) {
    // What mostly follows: one more of the same, for which the bank is as ready.
    if (numRanks<P>() > 1) rank.stale = true;
    bank.order = perBank<P>() ? bank.turn : bank.wanted->order;
    rank.waitingFor(bank.action).reorder(bank);
    return;
  }
  chooseAction<P>(rank, bank);
}

template <class P>
SCANFUSE_HOT void Channel::finishTransaction(const Entry& entry, Bank& bank, Tick now) {
  Tick done;
  if (entry.isWrite) {
    done = timing_.writeDone(now);
    ++bank.counters.writes;
    if (!P::fixed && records_.epochs) recordBurst(entry, done);
  } else {
    done = timing_.readDone(now);
    const Tick latency = done - entry.added;
    ++bank.counters.reads;
    bank.counters.latencySum += latency;
    latencies_.add(latency);
    if (!P::fixed && records_.epochs) recordBurst(entry, done);
  }
  listener_.served(entry.tag, done);
}

// Keeps later column commands of the rank off the data bus.
template <class P>
SCANFUSE_HOT void Channel::constrainColumns(Rank& rank, Tick read, Tick write) {
  if (P::fixed || ownByRank_) {
    raise(rank.readFloor, read);
    raise(rank.writeFloor, write);
  } else {
    constrainBanks(rank, read, write, [](const Bank&) { return true; });
  }
}

// Those banks of other ranks that are active at this moment (quirk Q7), in strict mode all.
void Channel::constrainOtherRanks(const Rank& own, Tick read, Tick write, Tick now) {
  for (Rank& rank : ranks_) {
    if (&rank == &own) continue;
    if (otherByRank_) {
      raise(rank.readFloor, read);
      raise(rank.writeFloor, write);
      rank.stale = true;
    } else if (rank.openBanks != 0 || rank.openUntil > now) {
      constrainBanks(rank, read, write, [now](const Bank& bank) { return bank.active(now); });
    }
  }
}

template <class Chosen>
void Channel::constrainBanks(Rank& rank, Tick read, Tick write, Chosen chosen) {
  Bank* const banks = banksOf(rank);
  for (std::uint32_t b = 0; b < numBanks_; ++b) {
    if (!chosen(banks[b])) continue;
    raise(banks[b].at(Action::Read), read);
    raise(banks[b].at(Action::Write), write);
  }
  renew(rank, Action::Read);
  renew(rank, Action::Write);
}

template <class P>
SCANFUSE_HOT void Channel::precharge(Rank& rank, Bank& bank, Tick now) {
  if (rank.openBanks == 1) rank.account(now, steps_);
  --rank.openBanks;
  bank.activeUntil = now;
  bank.idleAt = now + timing_.tRP;
  raise(bank.at(Action::Activate), bank.idleAt);
  bank.hits = 0;
  raise(rank.quietAt, bank.idleAt);
  ++rank.counters.precharges;
  if (!P::fixed) note(Command::Precharge, now, bank.rank, bank.index, bank.row, 0);
  bank.wanted = bank.entries.head;
  await<P>(rank, bank, bank.wanted != nullptr ? Action::Activate : Action::None);
}

}  // namespace scanfuse::dram
