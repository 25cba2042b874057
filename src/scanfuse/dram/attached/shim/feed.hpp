// Feeds a recorded stream to a memory, in order: each request from its cycle on, when there is room.
#pragma once

#include <algorithm>

#include "memory.hpp"

namespace shim {

struct FeedRules {
  uint32_t perCycle;  // most requests offered per cycle; 0: no bound
  bool neverAsk;      // add without asking for room
  uint64_t stopTick;  // if not 0: go no further than this cycle
};

struct Stream {
  size_t size;
  const int64_t *cycles;
  const uint64_t *addresses;
  const uint8_t *isWrite;
  const uint8_t *force;  // may be null; added without asking for room
  const uint32_t *idle;  // may be null; cycles that pass unused before each request is looked at
};

class Feed {
 public:
  Feed(Memory &memory, const FeedRules &rules) : memory_(memory), rules_(rules) {}

  // The next piece of the stream. Returns how many were accepted: all, unless it had to stop.
  size_t feed(const Stream &stream, int64_t *accepted) {
    for (size_t i = 0; i < stream.size; ++i) {
      const uint64_t address = stream.addresses[i];
      const bool isFull = rules_.perCycle != 0 && offered_ == rules_.perCycle;
      const uint64_t soonest = memory_.cycles() + (isFull ? 1 : 0) + (stream.idle ? stream.idle[i] : 0);
      const uint64_t wanted = static_cast<uint64_t>(stream.cycles[i]);
      while (memory_.cycles() < std::max(wanted, soonest) && !stopped()) nextCycle();
      const bool ask = !rules_.neverAsk && !(stream.force && stream.force[i]);
      while (ask && !stopped() && !memory_.hasRoom(address)) nextCycle();
      if (stopped()) return i;
      memory_.add(address, stream.isWrite[i] != 0, fed_++);
      accepted[i] = static_cast<int64_t>(memory_.cycles());
      ++offered_;
    }
    return stream.size;
  }

  // Goes on to the last completion and `extra` cycles beyond, to `untilTick` at least; or to the stop.
  void finish(uint64_t extra, uint64_t untilTick) {
    if (rules_.stopTick != 0) {
      while (!stopped()) memory_.update();
    } else {
      while (memory_.busy()) memory_.update();
      for (; extra != 0; --extra) memory_.update();
      while (memory_.ticks() < untilTick) memory_.update();
    }
    memory_.print();
  }

 private:
  bool stopped() const { return rules_.stopTick != 0 && memory_.cycles() >= rules_.stopTick; }
  void nextCycle() {
    memory_.update();
    offered_ = 0;
  }

  Memory &memory_;
  const FeedRules rules_;
  uint64_t fed_ = 0;
  uint32_t offered_ = 0;  // in this cycle
};

}  // namespace shim
