// Transfers to a memory, by the rules of `scanfuse.dram.RequestPort`, tick by tick.
#pragma once

#include <algorithm>
#include <deque>

#include "memory.hpp"

namespace shim {

struct Accepted {
  uint64_t tick, address;
  bool isWrite;
};

class Port {
 public:
  Port(Memory &memory, uint64_t writeWatermark, bool log)
      : memory_(memory), writeWatermark_(writeWatermark), log_(log) {}

  void submit(uint64_t transfer, const std::vector<uint64_t> &addresses, bool isWrite, uint64_t notBefore) {
    const Transfer made = {transfer, addresses, 0, notBefore};
    Fifo &fifo = isWrite ? writes_ : reads_;
    fifo.transfers.push_back(made);
    fifo.requests += addresses.size();
    open_[transfer] = addresses.size();
  }

  // Executes ticks before `until`, but none after a tick in which a transfer completes; leaves those that
  // completed in that tick, by number, in `completions`.
  void advance(uint64_t until) {
    std::vector<Completion> finished;
    while (finished.empty() && memory_.ticks() < until) {
      offer();
      memory_.update();
      for (size_t i = 0; i < memory_.completions.size(); ++i) {
        const Completion &each = memory_.completions[i];
        if (--open_[each.tag] != 0) continue;
        open_.erase(each.tag);
        finished.push_back(each);
      }
      memory_.completions.clear();
    }
    std::sort(finished.begin(), finished.end(), before);
    memory_.completions.swap(finished);
  }

  // Requests that have not entered the memory.
  uint64_t waiting(bool writes) const { return (writes ? writes_ : reads_).requests; }

  std::vector<Accepted> accepted;  // until taken; only with `log`

 private:
  struct Transfer {
    uint64_t number;
    std::vector<uint64_t> addresses;
    size_t entered;
    uint64_t notBefore;
  };
  struct Fifo {
    std::deque<Transfer> transfers;  // the oldest first
    size_t due = 0;                  // how many of them may be offered by now
    uint64_t dueRequests = 0;        // requests of those that have not entered
    uint64_t requests = 0;           // of all
  };

  static bool before(const Completion &one, const Completion &other) { return one.tag < other.tag; }

  // Reads first while fewer than the watermark of writes wait, else writes; nothing passes one without room.
  void offer() {
    makeDue(reads_);
    makeDue(writes_);
    while (reads_.dueRequests + writes_.dueRequests != 0) {
      const bool isWrite = reads_.dueRequests == 0 || writes_.dueRequests >= writeWatermark_;
      if (!enter(isWrite ? writes_ : reads_, isWrite)) return;
    }
  }

  void makeDue(Fifo &fifo) {
    for (; fifo.due < fifo.transfers.size(); ++fifo.due) {
      const Transfer &next = fifo.transfers[fifo.due];
      if (next.notBefore > memory_.ticks()) return;
      fifo.dueRequests += next.addresses.size();
    }
  }

  bool enter(Fifo &fifo, bool isWrite) {
    Transfer &front = fifo.transfers.front();
    const uint64_t address = front.addresses[front.entered];
    if (!memory_.hasRoom(address)) return false;
    memory_.add(address, isWrite, front.number);
    const Accepted entry = {memory_.ticks(), address, isWrite};
    if (log_) accepted.push_back(entry);
    --fifo.requests;
    --fifo.dueRequests;
    if (++front.entered == front.addresses.size()) {
      fifo.transfers.pop_front();
      --fifo.due;
    }
    return true;
  }

  Memory &memory_;
  const uint64_t writeWatermark_;
  const bool log_;
  Fifo reads_, writes_;
  std::map<uint64_t, size_t> open_;  // transfers to requests that have not completed
};

}  // namespace shim
