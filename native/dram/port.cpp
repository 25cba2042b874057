#include "dram/port.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace scanfuse::dram {

Port::Port(const Config& config, std::uint64_t writeWatermark, bool log, RecordOptions records)
    : system_(config, *this, records), writeWatermark_(writeWatermark), logging_(log) {
  if (writeWatermark == 0) throw std::invalid_argument("write_watermark=0: must be at least 1");
}

std::uint64_t Port::submit(std::vector<std::uint64_t> addresses, bool isWrite, std::uint32_t owner, Tick notBefore) {
  if (addresses.empty()) throw std::invalid_argument("a transfer needs at least one address");
  if (notBefore < now_)
    throw std::invalid_argument("not_before_tick=" + std::to_string(notBefore) +
                                ": must not lie before the current tick " + std::to_string(now_));
  for (const std::uint64_t address : addresses) static_cast<void>(system_.map().locate(address));
  std::uint32_t slot;
  if (freeSlots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = freeSlots_.back();
    freeSlots_.pop_back();
  }
  Transfer& transfer = slots_[slot];
  transfer.addresses = std::move(addresses);
  transfer.id = submitted_++;
  transfer.entered = transfer.served = 0;
  transfer.notBefore = notBefore;
  transfer.done = 0;
  transfer.owner = system_.owners().slot(owner);
  transfer.isWrite = isWrite;
  Fifo& fifo = isWrite ? writes_ : reads_;
  fifo.transfers.push_back(slot);
  fifo.requests += transfer.addresses.size();
  ++unfinished_;
  return transfer.id;
}

std::uint64_t Port::waiting(bool writes) const { return (writes ? writes_ : reads_).requests; }

void Port::served(std::uint64_t slot, Tick done) {
  Transfer& transfer = slots_[slot];
  transfer.done = std::max(transfer.done, done);
  if (++transfer.served == transfer.addresses.size()) {
    finished_.push({transfer.id, transfer.done});
    finish(static_cast<std::uint32_t>(slot));
  }
}

// All its requests have issued, so nothing refers to the slot any more.
void Port::finish(std::uint32_t slot) { freeSlots_.push_back(slot); }

void Port::makeDue(Fifo& fifo) {
  while (fifo.due < fifo.transfers.size()) {
    const Transfer& transfer = slots_[fifo.transfers[fifo.due]];
    if (transfer.notBefore > now_) return;
    fifo.dueRequests += transfer.addresses.size();
    ++fifo.due;
  }
}

Tick Port::nextDue(const Fifo& fifo) const {
  return fifo.due < fifo.transfers.size() ? slots_[fifo.transfers[fifo.due]].notBefore : kNever;
}

// Lets the oldest request of a queue in; false if its channel has no room.
bool Port::enter(Fifo& fifo) {
  const std::uint32_t slot = fifo.transfers.front();
  Transfer& transfer = slots_[slot];
  const std::uint64_t address = transfer.addresses[transfer.entered];
  if (!fifo.located) {
    fifo.head = system_.map().locate(address);
    fifo.located = true;
  }
  Channel& channel = system_.channels()[fifo.head.channel];
  if (!channel.hasRoom()) return false;
  channel.runTo(now_);  // nothing happens in it before now_, only its clock moves
  channel.add(fifo.head, transfer.isWrite, slot, transfer.owner);
  fifo.located = false;
  if (logging_) {
    log_.ticks.push_back(static_cast<std::int64_t>(now_));
    log_.addresses.push_back(address);
    log_.isWrite.push_back(transfer.isWrite ? 1 : 0);
  }
  --fifo.requests;
  --fifo.dueRequests;
  if (++transfer.entered == transfer.addresses.size()) {
    fifo.transfers.pop_front();
    --fifo.due;
  }
  return true;
}

void Port::offer() {
  makeDue(reads_);
  makeDue(writes_);
  while (reads_.dueRequests + writes_.dueRequests != 0) {
    const bool readsFirst = writes_.dueRequests < writeWatermark_;
    Fifo& chosen = readsFirst && reads_.dueRequests != 0 ? reads_ : writes_;
    if (!enter(chosen)) return;
  }
}

std::vector<Completion> Port::advance(Tick until) {
  std::vector<Completion> done;
  while (true) {
    while (!finished_.empty() && finished_.top().tick < now_) {
      done.push_back(finished_.top());
      finished_.pop();
      --unfinished_;
    }
    if (!done.empty() || now_ >= until) return done;
    offer();
    // Nothing changes before the next tick that matters to a channel, the next transfer falling due,
    // or the end of the tick in which a transfer completes.
    Tick limit = std::min(until, std::min(nextDue(reads_), nextDue(writes_)));
    if (!finished_.empty()) limit = std::min(limit, finished_.top().tick + 1);
    const Tick next = system_.next();
    const bool idle = reads_.dueRequests + writes_.dueRequests == 0 && system_.pending() == 0;
    if (idle) {
      system_.runTo(limit);
      now_ = limit;
    } else if (next < limit) {
      for (Channel& channel : system_.channels())
        if (channel.next() == next) channel.runTo(next + 1);
      now_ = next + 1;
    } else {
      now_ = limit;
    }
  }
}

}  // namespace scanfuse::dram
