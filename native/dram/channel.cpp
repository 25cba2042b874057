#include "dram/channel.hpp"

#include <algorithm>
#include <string>

namespace scanfuse::dram {
namespace {

// How long requests may wait without a single column command before we say that none will ever come:
// a thousand refresh periods, and a thousand times every delay there is.
Tick patience(const Config& c) {
  const Tick delays = Tick{c.tRC} + c.tRAS + c.tRRD + c.tFAW + c.tRP + c.tRFC + c.tCKE + c.tXP + c.tRCD + c.CL + c.AL +
                      c.BL + c.tWR + c.tWTR + c.tRTP + c.tRTRS + c.tCCD;
  return 1024 * (Tick{c.refreshPeriodTicks()} + delays) + (Tick{1} << 20);
}

}  // namespace

Channel::Channel(const Config& config, std::uint32_t index, OwnerTable& owners, CompletionListener& listener,
                 RecordOptions records)
    : timing_(config),
      steps_(config),
      strict_(config.strict()),
      openPage_(config.openPage()),
      perBank_(config.perBankQueues()),
      lowPower_(config.USE_LOW_POWER),
      advanceByPairs_(config.AL > 0 && !strict_),
      stayAfterActivate_(config.AL > 0 && strict_),
      rankWideActivateGap_(config.tRC >= config.tRRD),
      numRanks_(config.numRanks()),
      numBanks_(config.NUM_BANKS),
      queueDepth_(config.TRANS_QUEUE_DEPTH),
      hitCap_(config.TOTAL_ROW_ACCESSES),
      epochLength_(config.EPOCH_LENGTH),
      index_(index),
      commandDepth_(config.CMD_QUEUE_DEPTH),
      roundRobin_(config.schedulingOrder, numRanks_, numBanks_),
      records_(records),
      patience_(patience(config)),
      ranks_(numRanks_),
      banks_(std::size_t{numRanks_} * numBanks_),
      queues_(perBank_ ? banks_.size() : numRanks_),
      refresh_(config.refreshPeriodTicks(), config.refreshStaggerTicks(), numRanks_, strict_),
      owners_(owners),
      listener_(listener),
      bankCounters_(banks_.size()) {
  if (records_.epochs) epochEnd_ = epochLength_;
}

void Channel::add(const Location& at, bool isWrite, std::uint64_t tag, std::uint32_t ownerSlot) {
  const std::int32_t index = pool_.take();
  Entry& entry = pool_[index];
  entry.tag = tag;
  entry.rank = at.rank;
  entry.bank = at.bank;
  entry.row = at.row;
  entry.column = at.column;
  entry.owner = ownerSlot;
  entry.isWrite = isWrite;
  entry.needsActivate = true;
  entry.added = now_;
  ++pending_;
  if (hasRoom()) {
    enqueue(index);
  } else {
    overflow_.push_back(index);
  }
  if (movableQueues_ != 0) next_ = now_;
}

void Channel::enqueue(std::int32_t index) {
  Entry& entry = pool_[index];
  append(waiting_, pool_, index);
  ++queued_;
  CommandQueue& queue = queueOf(entry);
  if (++queue.waiting == 1 && movable(queue)) ++movableQueues_;
}

void Channel::runTo(Tick until) {
  if (pending_ == 0 && until > now_ + 64 * refresh_.period()) skipIdle(until);
  runEvents(until);
}

void Channel::runEvents(Tick until) {
  while (next_ < until) tick(next_);
  if (until > now_) now_ = until;
  if (epochEnd_ < now_) recordEpochsTo(now_);
}

void Channel::runUntilRoom() {
  while (!hasRoom()) tick(next_);
}

void Channel::runUntilDrained() {
  while (pending_ != 0) tick(next_);
}

const Rank& Channel::rank(std::uint32_t index) {
  ranks_[index].account(now_, steps_);
  return ranks_[index];
}

// One executed tick, in the order of the model. The parts of a tick that concern data on the bus are
// closed forms of the tick a column command issues in, so they need no steps here.
void Channel::tick(Tick now) {
  now_ = now;
  if (epochEnd_ <= now) recordEpochsTo(now);
  if (now == collisionAt_)
    throw BusCollision("two write bursts collide on the data bus of channel " + std::to_string(index_) + " at tick " +
                       std::to_string(now) + ": with several ranks, 1+tRCD-AL must be at least BL/2");
  if (!overflow_.empty() && hasPlace()) {
    if (!strict_) pool_[overflow_.front()].added = now;  // quirk Q6
    enqueue(overflow_.front());
    overflow_.pop_front();
  }
  checkRefreshDue(now);
  selectCommand(now);
  if (movableQueues_ != 0) moveTransaction();
  if (lowPower_) checkPowerStates(now);
  now_ = now + 1;
  plan(now_);
}

void Channel::checkRefreshDue(Tick now) {
  const std::uint32_t due = refresh_.dueRank();
  Rank& rank = ranks_[due];
  if (now == refresh_.dueAt()) {
    refresh_.fallDue();
    rank.refreshWaiting = true;
    if (placed_ != 0 && now - lastProgress_ > patience_)
      throw NoProgress("no read or write could issue on channel " + std::to_string(index_) + " between ticks " +
                       std::to_string(lastProgress_) + " and " + std::to_string(now) +
                       " though requests wait: REFRESH_PERIOD/tCK must leave time after tRFC to open a row and use it");
  } else if (rank.poweredDown && refresh_.dueAt() - now <= timing_.tXP) {
    rank.refreshWaiting = true;  // wake it in time
  }
}

// The first transaction, oldest first, whose command queue has room for its two commands; a younger
// one passes older ones whose queues are full (quirk Q5).
void Channel::moveTransaction() {
  std::int32_t index = waiting_.head;
  while (!movable(queueOf(pool_[index]))) index = pool_[index].next;
  unlink(waiting_, pool_, index);
  --queued_;
  CommandQueue& queue = queueOf(pool_[index]);
  --queue.waiting;
  queue.used += 2;
  if (!movable(queue)) --movableQueues_;
  place(index);
}

void Channel::place(std::int32_t index) {
  Entry& entry = pool_[index];
  Rank& rank = ranks_[entry.rank];
  Bank& bank = bankAt(entry.rank, entry.bank);
  entry.order = ++order_;
  append(bank, pool_, index);
  ++rank.entries;
  if (placed_++ == 0) lastProgress_ = now_;
  // An entry changes what its bank waits for only if the bank waited for none.
  if (bank.wanted != kNoEntry) return;
  if (bank.open() && bank.row != entry.row) return;
  want(bank, index);
  chooseAction(rank, bank);
}

// Power-down is entered at once when a rank has nothing to do, and left when it has work again.
void Channel::checkPowerStates(Tick now) {
  for (std::uint32_t index = 0; index < numRanks_; ++index) {
    Rank& rank = ranks_[index];
    if (rank.entries == 0 && !rank.refreshWaiting) {
      if (rank.poweredDown || rank.openBanks != 0 || now < rank.quietAt) continue;
      rank.account(now, steps_);
      rank.poweredDown = true;
      rank.exitAt = now + timing_.tCKE;
      ++rank.counters.powerDownEntries;
      rank.stale = true;
      note(Command::PowerDownEntry, now, index, 0, 0, 0);
    } else if (rank.poweredDown && now >= rank.exitAt) {
      rank.account(now, steps_);
      rank.poweredDown = false;
      if (strict_) {
        raise(rank.activateGap, now + timing_.tXP);
        raise(rank.quietAt, now + timing_.tCKE);
      } else {  // quirk Q17
        rank.activateGap = 0;
        for (std::uint32_t b = 0; b < numBanks_; ++b) bankAt(index, b).at(Action::Activate) = now + timing_.tXP;
      }
      rank.stale = true;
      note(Command::PowerDownExit, now, index, 0, 0, 0);
    }
  }
}

Tick Channel::nextPowerChange(const Rank& rank, Tick from) const {
  if (rank.entries == 0 && !rank.refreshWaiting)
    return rank.poweredDown || rank.openBanks != 0 ? kNever : std::max(rank.quietAt, from);
  return rank.poweredDown ? std::max(rank.exitAt, from) : kNever;
}

// The next tick, `from` or later, in which something can change.
void Channel::plan(Tick from) {
  Tick next = std::min(refresh_.dueAt(), collisionAt_);
  if (movableQueues_ != 0 || (!overflow_.empty() && hasPlace())) next = std::min(next, from);
  for (std::uint32_t index = 0; index < numRanks_; ++index) {
    Rank& rank = ranks_[index];
    if (rank.stale) planRank(index, from);
    next = std::min(next, rank.prechargeAt);
    if (!refresh_.holdsBack(index)) next = std::min(next, rank.commandAt);
    if (lowPower_) next = std::min(next, nextPowerChange(rank, from));
  }
  if (refresh_.waiting()) next = std::min(next, refreshStep(from).at);
  const Rank& due = ranks_[refresh_.dueRank()];
  if (due.poweredDown && !due.refreshWaiting) {
    const Tick dueAt = refresh_.dueAt();
    next = std::min(next, dueAt > timing_.tXP ? dueAt - timing_.tXP : from);
  }
  next_ = std::max(next, from);
}

void Channel::recordEpochsTo(Tick until) {
  for (; epochEnd_ <= until; epochEnd_ += epochLength_) recordEpoch(epochEnd_);
}

void Channel::recordEpoch(Tick end) {
  const std::vector<BankCounters> counted = epochBanks_.closeAt(end, banks_.size());
  for (std::uint32_t index = 0; index < numRanks_; ++index) {
    Rank& rank = ranks_[index];
    rank.account(end, steps_);
    const auto own = counted.begin() + std::ptrdiff_t{index} * numBanks_;
    epochs_.push_back({end, index_, index, rank.energy - rank.epochStart, {own, own + numBanks_}});
    rank.epochStart = rank.energy;
  }
  epochBegan_ = end;
}

void Channel::closeEpoch() {
  if (!records_.epochs || epochBegan_ == now_) return;
  recordEpoch(now_);
  if (epochEnd_ == now_) epochEnd_ += epochLength_;
}

}  // namespace scanfuse::dram
