// What a command does to the bank table, to the energies and to its transaction.
#include <algorithm>

#include "dram/channel.hpp"

namespace scanfuse::dram {

void Channel::note(Command command, Tick now, std::uint32_t rank, std::uint32_t bank, std::uint32_t row,
                   std::uint32_t column) {
  if (timing_.tCMD > 1 && command < Command::PowerDownEntry) commandBusFree_ = now + timing_.tCMD;
  if (records_.commands) commands_.push_back({now, command, index_, rank, bank, row, column});
}

void Channel::want(Bank& bank, std::int32_t index) {
  bank.wanted = index;
  if (index != kNoEntry) bank.order = pool_[index].order;
}

// Works out what the bank waits for, from its state and its wanted entry.
void Channel::chooseAction(Rank& rank, Bank& bank) {
  if (bank.open()) {
    if (bank.wanted != kNoEntry && bank.hits < hitCap_) {
      bank.action = pool_[bank.wanted].isWrite ? Action::Write : Action::Read;
    } else {
      bank.action = Action::Precharge;
    }
  } else {
    bank.action = bank.wanted != kNoEntry ? Action::Activate : Action::None;
  }
  rank.stale = true;
}

void Channel::activate(std::uint32_t rankIndex, std::uint32_t bankIndex, Tick now) {
  Rank& rank = ranks_[rankIndex];
  Bank& bank = bankAt(rankIndex, bankIndex);
  Entry& entry = pool_[bank.wanted];

  entry.needsActivate = false;
  CommandQueue& queue = queueOf(entry);
  movableQueues_ -= movable(queue);
  queue.used -= 1;
  movableQueues_ += movable(queue);

  if (rank.openBanks == 0) rank.account(now, steps_);
  ++rank.openBanks;
  bank.row = entry.row;
  if (strict_) bank.hits = 0;
  bank.activeUntil = kNever;
  bank.idleAt = 0;
  bank.at(Action::Activate) = std::max(activateFloor(rank, bank), now + timing_.tRC);
  raise(bank.at(Action::Precharge), now + timing_.tRAS);
  raise(bank.at(Action::Read), now + timing_.activateToColumn);
  raise(bank.at(Action::Write), now + timing_.activateToColumn);
  if (rankWideActivateGap_) {
    rank.activateGap = now + timing_.tRRD;
  } else {  // tRRD > tRC: the activated bank itself must not feel it
    for (std::uint32_t b = 0; b < numBanks_; ++b)
      if (b != bankIndex) raise(bankAt(rankIndex, b).at(Action::Activate), now + timing_.tRRD);
  }
  rank.activated(now, timing_.tFAW);

  rank.energy.actpre += steps_.activate;
  ++rank.counters.activates;
  OwnerCounters& owner = owners_[entry.owner];
  ++owner.activates;
  owner.actpre += steps_.activate;
  note(Command::Activate, now, rankIndex, bankIndex, entry.row, entry.column);
  chooseAction(rank, bank);
}

// Issues the read or write the bank waits for, with auto-precharge under the close-page policy.
void Channel::accessColumn(std::uint32_t rankIndex, std::uint32_t bankIndex, Tick now) {
  Rank& rank = ranks_[rankIndex];
  Bank& bank = bankAt(rankIndex, bankIndex);
  const std::int32_t index = bank.wanted;
  Entry& entry = pool_[index];
  OwnerCounters& owner = owners_[entry.owner];
  const bool write = entry.isWrite;

  if (strict_) ++bank.hits;  // all of them count (quirk Q3)
  if (entry.needsActivate) {  // a row hit: its own activate is dropped
    if (!strict_) ++bank.hits;
    ++rank.counters.rowHits;
    ++owner.rowHits;
  }
  CommandQueue& queue = queueOf(entry);
  movableQueues_ -= movable(queue);
  queue.used -= entry.needsActivate ? 2 : 1;
  movableQueues_ += movable(queue);

  if (write) {
    constrainColumns(rankIndex, now + timing_.writeToReadSameRank, now + timing_.columnSameRank,
                     now + timing_.writeToReadOtherRank, now + timing_.columnOtherRank, now);
    // Only bursts of writes are checked against each other (quirk Q8).
    if (lastWrite_ != kNever && now - lastWrite_ < timing_.burst && collisionAt_ == kNever)
      collisionAt_ = now + timing_.writeLatency;
    lastWrite_ = now;
    ++rank.counters.writes;
    ++owner.writes;
    rank.energy.burst += steps_.write;
    owner.burst += steps_.write;
  } else {
    constrainColumns(rankIndex, now + timing_.columnSameRank, now + timing_.readToWriteSameRank,
                     now + timing_.columnOtherRank, now + timing_.readToWrite, now);
    if (strict_) raise(rank.quietAt, timing_.readDone(now));  // not asleep before its data is out
    ++rank.counters.reads;
    ++owner.reads;
    rank.energy.burst += steps_.read;
    owner.burst += steps_.read;
  }
  if (openPage_) {
    raise(bank.at(Action::Precharge), now + (write ? timing_.writeToPrecharge : timing_.readToPrecharge));
    note(write ? Command::Write : Command::Read, now, rankIndex, bankIndex, entry.row, entry.column);
  } else {
    // The bank closes by itself.
    if (rank.openBanks == 1) rank.account(now, steps_);
    --rank.openBanks;
    bank.activeUntil = now + (write ? timing_.writeToPrecharge : timing_.readToPrecharge);
    if (strict_) raise(bank.activeUntil, bank.at(Action::Precharge));  // when tRAS is over
    bank.idleAt = bank.activeUntil + timing_.tRP;
    if (strict_) {
      raise(bank.at(Action::Activate), bank.idleAt);
    } else {  // nextRd and nextWr are assigned, they may go down
      const Tick reopen = std::max(activateFloor(rank, bank),
                                   now + (write ? timing_.writeAutoToActivate : timing_.readAutoToActivate));
      bank.at(Action::Activate) = bank.at(Action::Read) = bank.at(Action::Write) = reopen;
    }
    raise(rank.openUntil, bank.activeUntil);
    raise(rank.quietAt, bank.idleAt);
    note(write ? Command::WriteAuto : Command::ReadAuto, now, rankIndex, bankIndex, entry.row, entry.column);
  }

  // Whatever the bank serves next comes after this entry if its row stays open, else it is the oldest.
  std::int32_t following = entry.next;
  unlink(bank, pool_, index);
  if (openPage_) {
    while (following != kNoEntry && pool_[following].row != bank.row) following = pool_[following].next;
    want(bank, following);
  } else {
    want(bank, bank.head);
  }
  --rank.entries;
  --placed_;
  finishTransaction(entry, now);
  pool_.give(index);
  chooseAction(rank, bank);
}

void Channel::finishTransaction(Entry& entry, Tick now) {
  BankCounters& counters = bankCounters_[entry.rank * numBanks_ + entry.bank];
  Tick done;
  if (entry.isWrite) {
    done = timing_.writeDone(now);
    ++counters.writes;
    if (records_.epochs) epochBanks_.write(entry.rank * numBanks_ + entry.bank, done - timing_.burst);
  } else {
    done = timing_.readDone(now);
    const Tick latency = done - entry.added;
    ++counters.reads;
    counters.latencySum += latency;
    latencies_.add(latency);
    if (records_.epochs) epochBanks_.read(entry.rank * numBanks_ + entry.bank, done, latency);
  }
  --pending_;
  lastProgress_ = now;
  listener_.served(entry.tag, done);
}

// Keeps later column commands off the data bus: all banks of this rank, and those banks of other
// ranks that are active at this moment (quirk Q7), in strict mode all.
void Channel::constrainColumns(std::uint32_t rankIndex, Tick read, Tick write, Tick otherRead, Tick otherWrite,
                               Tick now) {
  Rank& own = ranks_[rankIndex];
  if (openPage_ || strict_) {
    raise(own.floor[static_cast<std::size_t>(Action::Read)], read);
    raise(own.floor[static_cast<std::size_t>(Action::Write)], write);
  } else {
    // Bank by bank, because an auto-precharge may lower the two again for its own bank.
    for (std::uint32_t b = 0; b < numBanks_; ++b) {
      raise(bankAt(rankIndex, b).at(Action::Read), read);
      raise(bankAt(rankIndex, b).at(Action::Write), write);
    }
  }
  for (std::uint32_t other = 0; other < numRanks_; ++other) {
    Rank& rank = ranks_[other];
    if (strict_ && other != rankIndex) {
      raise(rank.floor[static_cast<std::size_t>(Action::Read)], otherRead);
      raise(rank.floor[static_cast<std::size_t>(Action::Write)], otherWrite);
      rank.stale = true;
      continue;
    }
    if (other == rankIndex || (rank.openBanks == 0 && rank.openUntil <= now)) continue;
    for (std::uint32_t b = 0; b < numBanks_; ++b) {
      Bank& bank = bankAt(other, b);
      if (!bank.active(now)) continue;
      raise(bank.at(Action::Read), otherRead);
      raise(bank.at(Action::Write), otherWrite);
    }
    rank.stale = true;
  }
}

void Channel::precharge(std::uint32_t rankIndex, std::uint32_t bankIndex, Tick now) {
  Rank& rank = ranks_[rankIndex];
  Bank& bank = bankAt(rankIndex, bankIndex);
  if (rank.openBanks == 1) rank.account(now, steps_);
  --rank.openBanks;
  bank.activeUntil = now;
  bank.idleAt = now + timing_.tRP;
  raise(bank.at(Action::Activate), bank.idleAt);
  bank.hits = 0;
  raise(rank.quietAt, bank.idleAt);
  ++rank.counters.precharges;
  note(Command::Precharge, now, rankIndex, bankIndex, bank.row, 0);
  want(bank, bank.head);
  chooseAction(rank, bank);
}

void Channel::refresh(std::uint32_t rankIndex, Tick now) {
  Rank& rank = ranks_[rankIndex];
  rank.account(now, steps_);
  const Tick ready = now + timing_.tRFC;
  for (std::uint32_t b = 0; b < numBanks_; ++b) {
    Bank& bank = bankAt(rankIndex, b);
    bank.at(Action::Activate) = ready;
    bank.idleAt = ready;
  }
  rank.activateGap = 0;
  raise(rank.openUntil, ready);
  rank.quietAt = strict_ ? std::max(rank.quietAt, ready) : ready;
  rank.stale = true;
  refresh_.served();
  rank.refreshWaiting = refresh_.owes(rankIndex);
  rank.energy.refresh += steps_.refresh;
  ++rank.counters.refreshes;
  note(Command::Refresh, now, rankIndex, 0, 0, 0);
}

}  // namespace scanfuse::dram
