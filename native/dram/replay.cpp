#include "dram/replay.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>

namespace scanfuse::dram {
namespace {

// Records of epochs: so many figures of a bank, some 40 bytes each, are kept at most.
constexpr std::uint64_t kMostEpochFigures = 1u << 23;

std::uint64_t mostEpochs(const Config& config) {
  const std::uint64_t banks = std::uint64_t{config.NUM_CHANS} * config.numRanks() * config.NUM_BANKS;
  return std::max<std::uint64_t>(kMostEpochFigures / banks, 1);
}

}  // namespace

Replay::Replay(const Config& config, RecordOptions records, const ReplayOptions& options)
    : system_(config, *this, records), options_(options), clock_(config.tCK, options.cpuHz) {
  if (records.epochs) limit_ = mostEpochs(config) * config.EPOCH_LENGTH;
  if (options_.stopTick > limit_) atLimit();
  if (options_.stopTick != 0) limit_ = options_.stopTick;
  if (options_.neverAsk) order_ = std::make_unique<AcceptanceOrder>();
}

// Whether the stop is what the limit stands for: then time is up. Else there are too many epochs.
bool Replay::atLimit() const {
  if (limit_ == options_.stopTick) return false;
  const Config& config = system_.config();
  throw ConfigError("EPOCH_LENGTH", std::to_string(config.EPOCH_LENGTH),
                    "such that there are at most " + std::to_string(mostEpochs(config)) +
                        " epochs to record; this run goes beyond tick " + std::to_string(limit_));
}

void Replay::feed(const RequestChunk& chunk) {
  if (!running_) throw std::logic_error("the replay has ended");
  if (chunk.force && !order_) {
    if (fed_ != 0) throw std::invalid_argument("force must be given from the first chunk on");
    order_ = std::make_unique<AcceptanceOrder>();
  }
  running_ = false;  // for good, if anything below throws
  newest_ = &chunks_.emplace_back();
  newest_->first = fed_;
  newest_->missing = chunk.size;
  newest_->figures.accepted.assign(chunk.size, -1);
  newest_->figures.completed.assign(chunk.size, -1);
  std::int64_t* const cycles = newest_->figures.accepted.data();
  directFrom_ = order_ ? ~std::uint64_t{0} : fed_;
  direct_ = newest_->figures.completed.data();
  directMissing_ = &newest_->missing;
  const bool plain = !order_ && !chunk.owners && !chunk.idle && options_.perCycle == 0 && options_.cpuHz == 0 &&
                     limit_ == kNever && system_.channels().size() == 1;
  const std::size_t accepted = plain ? offerAll(chunk, cycles) : offer(chunk, cycles);
  newest_->missing -= chunk.size - accepted;
  fed_ += chunk.size;
  // Also channels that no request went to, or their oldest ones would stay for as long.
  for (Channel& channel : system_.channels()) channel.runTo(std::min(tick_, limit_));
  running_ = true;
}

// The usual stream raises no questions about single requests: its channel feeds itself.
std::size_t Replay::offerAll(const RequestChunk& chunk, std::int64_t* accepted) {
  if (chunk.size == 0) return 0;
  if (owner_ != 0) setOwner(0);
  Channel& channel = system_.channels().front();
  channel.addAll({chunk.cycles, chunk.addresses, chunk.isWrite, accepted, chunk.size, fed_, ownerSlot_}, system_.map());
  tick_ = channel.now();
  cycle_ = static_cast<std::int64_t>(tick_);
  return chunk.size;
}

// Returns how many were accepted: all, unless the replay stops before.
std::size_t Replay::offer(const RequestChunk& chunk, std::int64_t* accepted) {
  const auto goTo = [this](std::uint64_t later) {
    cycle_ = static_cast<std::int64_t>(later);
    tick_ = clock_.firstTick(later);
    offered_ = 0;
    return beforeLimit(tick_);
  };
  std::size_t i = 0;
  for (; i < chunk.size && tick_ < limit_; ++i) {
    const bool isFull = options_.perCycle != 0 && offered_ == options_.perCycle;
    const std::int64_t soonest = cycle_ + (isFull ? 1 : 0) + (chunk.idle ? chunk.idle[i] : 0);
    const std::int64_t wanted = std::max(chunk.cycles[i], soonest);
    if (wanted > cycle_ && !goTo(static_cast<std::uint64_t>(wanted))) break;
    const Location at = system_.map().locate(chunk.addresses[i]);
    Channel& channel = system_.channels()[at.channel];
    channel.runTo(tick_);
    const bool asks = !options_.neverAsk && !(chunk.force && chunk.force[i]);
    if (asks && !channel.hasRoom()) {
      if (!makeRoom(channel)) {
        tick_ = limit_;
        break;
      }
      // Offered in the cycle after the one that made room.
      if (!goTo(clock_.cycleOf(channel.now() - 1) + 1)) break;
      channel.runTo(tick_);
    }
    const std::uint32_t owner = chunk.owners ? chunk.owners[i] : 0;
    if (owner != owner_) setOwner(owner);
    if (order_) order_->accepted(fed_ + i, chunk.addresses[i], chunk.isWrite[i]);
    channel.add(at, chunk.isWrite[i], fed_ + i, ownerSlot_);
    accepted[i] = cycle_;
    ++offered_;
  }
  return i;
}

void Replay::setOwner(std::uint32_t owner) {
  owner_ = owner;
  ownerSlot_ = system_.owners().slot(owner);
}

// False if the replay stops before there is room.
bool Replay::makeRoom(Channel& channel) {
  if (limit_ == kNever) {
    channel.runUntilRoom();
    return true;
  }
  while (!channel.hasRoom()) {
    if (!beforeLimit(channel.next())) return false;
    channel.runTo(channel.next() + 1);
  }
  return true;
}

void Replay::drain(Channel& channel) {
  if (limit_ == kNever) return channel.runUntilDrained();
  while (channel.pending() != 0 && beforeLimit(channel.next())) channel.runTo(channel.next() + 1);
}

void Replay::finish() {
  if (!running_) throw std::logic_error("the replay has ended");
  running_ = false;
  for (Channel& channel : system_.channels()) drain(channel);
  if (options_.stopTick != 0) {
    cpuCycles_ = ticks_ = options_.stopTick;
  } else {
    cpuCycles_ = (fed_ != 0 ? clock_.cycleOf(lastDone_) + 1 : 0) + options_.extra;
    ticks_ = clock_.firstTick(cpuCycles_);
    if (ticks_ < options_.untilTick) {
      ticks_ = options_.untilTick;
      cpuCycles_ = clock_.cycleOf(ticks_ - 1) + 1;
    }
    if (ticks_ > limit_) atLimit();
  }
  system_.runTo(ticks_);
  for (Channel& channel : system_.channels()) channel.closeEpoch();
  for (OpenChunk& chunk : chunks_) chunk.missing = 0;
}

bool Replay::take(ChunkFigures& out) {
  if (chunks_.empty() || chunks_.front().missing != 0) return false;
  out = std::move(chunks_.front().figures);
  chunks_.pop_front();
  if (options_.stopTick != 0)
    for (std::int64_t& each : out.completed)
      if (each >= static_cast<std::int64_t>(options_.stopTick)) each = -1;
  return true;
}

// A request of an older chunk, or one that may have passed an older request.
void Replay::servedOfAny(std::uint64_t tag, Tick done) {
  if (order_) tag = order_->served(tag);
  const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), tag,
                                      [](std::uint64_t wanted, const OpenChunk& each) { return wanted < each.first; });
  complete(*std::prev(after), tag, done);
}

}  // namespace scanfuse::dram
