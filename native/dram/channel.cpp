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

// The longest that a column command holds up those of the same rank, and of other ranks.
Tick longestHold(const Config& config, const Timing& t) {
  const std::uint32_t own = std::max({t.columnSameRank, t.readToWriteSameRank, t.writeToReadSameRank});
  const std::uint32_t other = std::max({t.columnOtherRank, t.readToWrite, t.writeToReadOtherRank});
  return config.numRanks() > 1 ? std::max(own, other) : own;
}

// The model assigns the next read and write of a bank that closes by itself, which may lower them. Nobody sees it
// where the bank cannot be read or written before all holds of that time are over.
bool reopensLate(const Config& config, const Timing& t) {
  const Tick closed = std::min({Tick{t.readAutoToActivate}, Tick{t.readToPrecharge} + t.tRP,
                                Tick{t.writeAutoToActivate}, Tick{t.writeToPrecharge} + t.tRP});
  return closed + t.activateToColumn >= longestHold(config, t);
}

// The model assigns the next activate of all banks when their rank wakes up. That lowers none where a bank that has
// come to rest, slept and woken up could be activated anyway.
bool wakesLate(const Config& config, const Timing& t) {
  const Tick slept = Tick{t.tRP} + t.tCKE + t.tXP;
  if (config.openPage()) return t.tRAS + slept >= t.tRC;
  return Tick{t.activateToColumn} + std::min(t.readToPrecharge, t.writeToPrecharge) + slept >= t.tRC &&
         t.readToPrecharge + slept >= t.readAutoToActivate && t.writeToPrecharge + slept >= t.writeAutoToActivate;
}

// The model spares banks of other ranks that are not active at that moment (quirk Q7). Nobody sees it where an
// activate takes longer than the hold.
bool activatesLate(const Timing& t) {
  return Tick{t.activateToColumn} + 1 >= std::max({t.columnOtherRank, t.readToWrite, t.writeToReadOtherRank});
}

}  // namespace

Channel::Channel(const Config& config, std::uint32_t index, OwnerTable& owners, CompletionListener& listener,
                 RecordOptions records)
    : timing_(config),
      steps_(config),
      records_(records),
      strict_(config.strict()),
      openPage_(config.openPage()),
      perBank_(config.perBankQueues()),
      lowPower_(config.USE_LOW_POWER),
      advanceByPairs_(config.AL > 0 && !strict_),
      stayAfterActivate_(config.AL > 0 && strict_),
      rankWideActivateGap_(config.tRC >= config.tRRD),
      numRanks_(config.numRanks()),
      numBanks_(config.NUM_BANKS),
      bankBits_(bitsFor(config.NUM_BANKS)),
      queueDepth_(config.TRANS_QUEUE_DEPTH),
      hitCap_(config.TOTAL_ROW_ACCESSES),
      epochLength_(config.EPOCH_LENGTH),
      index_(index),
      commandDepth_(config.CMD_QUEUE_DEPTH),
      roundRobin_(config.schedulingOrder, numRanks_, numBanks_),
      ownByRank_(strict_ || openPage_ || reopensLate(config, timing_)),
      otherByRank_(strict_ || activatesLate(timing_)),
      exitMayLower_(!rankWideActivateGap_ || !wakesLate(config, timing_)),
      patience_(patience(config)),
      longIdle_(64 * Tick{config.refreshPeriodTicks()}),
      anyPolicy_(strict_ || records_.commands || records_.epochs || !rankWideActivateGap_ || !ownByRank_ ||
                 (numRanks_ > 1 && !otherByRank_)),
      oneQueue_(!anyPolicy_ && !perBank_ && numRanks_ == 1),
      policy_(chooseLoops()),
      ranks_(numRanks_),
      banks_(std::size_t{numRanks_} * numBanks_),
      queues_(perBank_ ? banks_.size() : numRanks_),
      roomBelow_(queueDepth_),
      usedBelow_(commandDepth_ - 1),
      refresh_(config.refreshPeriodTicks(), config.refreshStaggerTicks(), numRanks_, strict_),
      owners_(owners),
      listener_(listener) {
  if (records_.epochs) alarm_ = epochEnd_ = epochLength_;
  for (std::uint32_t r = 0; r < numRanks_; ++r) {
    ranks_[r].index = r;
    for (std::uint32_t b = 0; b < numBanks_; ++b) {
      Bank& bank = bankAt(r, b);
      bank.rank = r;
      bank.index = b;
      bank.queue = perBank_ ? (r << bankBits_) + b : r;
      bank.turn = roundRobin_.turn({r, b});
    }
  }
}

// In strict mode nothing overtakes the overflow list (quirk Q6).
void Channel::pushOverflow(Entry& entry) {
  overflow_.push_back(&entry);
  quietUntil_ = 0;
  if (strict_) roomBelow_ = 0;
}

void Channel::popOverflow() {
  overflow_.pop_front();
  if (overflow_.empty()) roomBelow_ = queueDepth_;
}

void Channel::runEvents(Tick until) {
  if (pending() == 0 && until > now_ + longIdle_) skipIdle(until);
  runTicks(until);
}

void Channel::runTicks(Tick until) {
  if (next_ < until) (this->*policy_.run)(until, Stop::AtTime);
  if (until > now_) now_ = until;
  if (epochEnd_ < now_) recordEpochsTo(now_);
}

std::uint64_t Channel::placed() const {
  std::uint64_t placed = 0;
  for (const Rank& rank : ranks_) placed += rank.entries;
  return placed;
}

RankFigures Channel::rank(std::uint32_t index) {
  ranks_[index].account(now_, steps_);
  return figuresOf(index);
}

RankFigures Channel::figuresOf(std::uint32_t index) const {
  RankFigures figures;
  figures.counters = ranks_[index].counters;
  for (std::uint32_t b = 0; b < numBanks_; ++b) {
    figures.counters.reads += bankCounters(index, b).reads;
    figures.counters.writes += bankCounters(index, b).writes;
  }
  figures.energy.background = ranks_[index].background;
  figures.energy.burst = steps_.read * figures.counters.reads + steps_.write * figures.counters.writes;
  figures.energy.actpre = steps_.activate * figures.counters.activates;
  figures.energy.refresh = steps_.refresh * figures.counters.refreshes;
  return figures;
}

void Channel::recordEpochsTo(Tick until) {
  for (; epochEnd_ <= until; epochEnd_ += epochLength_) recordEpoch(epochEnd_);
  alarm_ = std::min(epochEnd_, collisionAt_);
  quietUntil_ = 0;
}

void Channel::recordEpoch(Tick end) {
  const std::vector<BankCounters> counted = epochBanks_.closeAt(end, banks_.size());
  for (std::uint32_t index = 0; index < numRanks_; ++index) {
    ranks_[index].account(end, steps_);
    const auto own = counted.begin() + std::ptrdiff_t{index} * numBanks_;
    const Energy energy = figuresOf(index).energy;
    epochs_.push_back({end, index_, index, energy - ranks_[index].epochStart, {own, own + numBanks_}});
    ranks_[index].epochStart = energy;
  }
  epochBegan_ = end;
}

void Channel::closeEpoch() {
  if (!records_.epochs || epochBegan_ == now_) return;
  recordEpoch(now_);
  if (epochEnd_ == now_) epochEnd_ += epochLength_;
  alarm_ = std::min(epochEnd_, collisionAt_);
  quietUntil_ = 0;
}

}  // namespace scanfuse::dram
