#include "lane.hpp"

#include <algorithm>

#include "dram/timing.hpp"

namespace scanfuse::dramsim2_api {

Lane::Lane(dram::Channel& channel, std::uint32_t index, const dram::Config& config)
    : channel_(channel),
      index_(index),
      burst_(dram::Timing(config).burst),
      shortest_(std::min(dram::Timing(config).readDone(0), dram::Timing(config).writeDone(0))),
      banks_(std::size_t{channel.numRanks()} * channel.numBanks()),
      past_(channel.numRanks()) {}

Lane::~Lane() {
  for (const Request& request : slots_) delete request.transaction;
}

std::uint64_t Lane::store(const Request& request) {
  if (free_.empty()) {
    slots_.push_back(request);
    return slots_.size() - 1;
  }
  const std::uint64_t slot = free_.back();
  free_.pop_back();
  slots_[slot] = request;
  return slot;
}

Request Lane::release(std::uint64_t slot) {
  const Request request = slots_[slot];
  slots_[slot].transaction = nullptr;
  free_.push_back(slot);
  return request;
}

void Lane::enter(std::uint64_t slot, Tick stamp) {
  Request& request = slots_[slot];
  request.added = stamp;
  if (request.transaction) request.transaction->timeAdded = stamp;
  channel_.add(request.at, request.isWrite, index_ << kSlotBits | slot, 0);
}

void Lane::add(const Request& request, Tick stamp) {
  if (!request.isWrite) ++unreturnedReads_;
  const std::uint64_t slot = store(request);
  if (channel_.hasRoom()) {
    enter(slot, stamp);
  } else {
    list_.push_back(slot);
  }
  renewDue();
}

void Lane::admitOne(Tick tick) {
  if (admitted_ > tick) return;
  admitted_ = tick + 1;
  if (list_.empty() || !channel_.hasRoom()) return;
  enter(list_.front(), tick);
  list_.pop_front();
}

void Lane::runTo(Tick until) {
  while (!list_.empty() && admitted_ < until) {
    if (channel_.now() < admitted_) channel_.runTo(admitted_);
    while (!channel_.hasRoom() && channel_.now() < until)
      channel_.runTo(channel_.next() < until ? channel_.next() + 1 : until);
    if (channel_.now() == until) break;
    admitted_ = channel_.now();  // in the ticks between there was no room
    admitOne(admitted_);
  }
  channel_.runTo(until);
  admitted_ = std::max(admitted_, until);
}

void Lane::served(std::uint64_t tag, Tick done) {
  const std::uint64_t slot = tag & ((std::uint64_t{1} << kSlotBits) - 1);
  (slots_[slot].isWrite ? writes_ : reads_).push_back({slot, done});
}

void Lane::renewDue() {
  due_ = dram::kNever;
  if (!reads_.empty()) due_ = reads_.front().tick;
  if (!writes_.empty()) due_ = std::min(due_, writes_.front().tick);
  if (!list_.empty()) {
    due_ = std::min(due_, channel_.now() + shortest_);
  } else if (channel_.pending() != 0) {
    due_ = std::min(due_, channel_.next() + shortest_);
  }
}

// A write counts when its burst begins.
void Lane::countWrites(Tick before) {
  for (; writesCounted_ < writes_.size() && writes_[writesCounted_].tick - burst_ < before; ++writesCounted_) {
    ++bankOf(slots_[writes_[writesCounted_].slot]).writes;
    ++bursts_;
  }
}

bool Lane::takeWrite(Tick tick, Request& request) {
  if (writes_.empty() || writes_.front().tick > tick) return false;
  countWrites(tick);
  request = release(writes_.front().slot);
  writes_.pop_front();
  --writesCounted_;
  return true;
}

bool Lane::takeRead(Tick tick, Request& request) {
  if (reads_.empty() || reads_.front().tick > tick) return false;
  request = release(reads_.front().slot);
  reads_.pop_front();
  const Tick latency = tick - request.added;
  dram::BankCounters& bank = bankOf(request);
  ++bank.reads;
  bank.latencySum += latency;
  latencies_.add(latency);
  ++bursts_;
  --unreturnedReads_;
  return true;
}

dram::ChannelFigures Lane::takeFigures(Tick now) {
  countWrites(now);
  dram::ChannelFigures figures;
  for (std::uint32_t rank = 0; rank < channel_.numRanks(); ++rank) {
    const dram::Energy energy = channel_.rank(rank).energy;
    figures.ranks.push_back(energy - past_[rank]);
    past_[rank] = energy;
  }
  figures.banks.assign(banks_.size(), {});
  figures.banks.swap(banks_);
  return figures;
}

}  // namespace scanfuse::dramsim2_api
