// The request port of an accelerator: whole transfers go in, whole transfers come out.
//
// Requests wait in two queues, one of reads and one of writes, in order of submission. Before each
// tick, requests enter the transaction queues in order for as long as there is room: reads first
// while fewer than `writeWatermark` write requests wait (or none is there to go), else writes first.
// If the chosen request finds no room on its channel the port waits; nothing passes it. Requests of a
// transfer wait from its `notBefore` on; one that is not due yet holds back those behind it in its
// queue and does not count as waiting.
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <vector>

#include "dram/memory.hpp"
#include "dram/system.hpp"

namespace scanfuse::dram {

struct PortLog {
  std::vector<std::int64_t> ticks;
  std::vector<std::uint64_t> addresses;
  std::vector<std::uint8_t> isWrite;
};

class Port final : public CompletionListener {
 public:
  Port(const Config& config, std::uint64_t writeWatermark, bool log, RecordOptions records);

  // Returns the transfer's number, counting from 0. `notBefore` may not lie in the past.
  std::uint64_t submit(std::vector<std::uint64_t> addresses, bool isWrite, std::uint32_t owner, Tick notBefore);

  // Executes ticks before `until`, but no tick after the first one in which a transfer completes.
  // Returns the transfers completed (all in the last executed tick), by number.
  std::vector<Completion> advance(Tick until);

  Tick now() const { return now_; }
  std::uint64_t waiting(bool writes) const;  // requests that have not entered a transaction queue
  std::uint64_t unfinished() const { return unfinished_; }  // transfers
  const PortLog& log() const { return log_; }
  System& system() { return system_; }

 private:
  struct Transfer {
    std::vector<std::uint64_t> addresses;
    std::uint64_t id = 0;
    std::size_t entered = 0;    // requests that have entered a transaction queue
    std::size_t served = 0;     // requests whose completion tick is known
    Tick notBefore = 0;
    Tick done = 0;
    std::uint32_t owner = 0;
    bool isWrite = false;
  };
  struct Fifo {
    std::deque<std::uint32_t> transfers;  // slots, oldest first
    std::size_t due = 0;                  // how many of them may be offered by now
    std::uint64_t dueRequests = 0;        // requests of those that have not entered
    std::uint64_t requests = 0;           // requests of all
    bool located = false;                 // `head` is the location of the next request
    Location head;
  };

  void served(std::uint64_t slot, Tick done) override;
  void makeDue(Fifo& fifo);
  Tick nextDue(const Fifo& fifo) const;
  void offer();
  bool enter(Fifo& fifo);
  void finish(std::uint32_t slot);

  struct Later {
    bool operator()(const Completion& a, const Completion& b) const {
      return a.tick != b.tick ? a.tick > b.tick : a.tag > b.tag;
    }
  };

  System system_;
  const std::uint64_t writeWatermark_;
  const bool logging_;
  std::vector<Transfer> slots_;
  std::vector<std::uint32_t> freeSlots_;
  Fifo reads_, writes_;
  std::priority_queue<Completion, std::vector<Completion>, Later> finished_;  // in the future
  std::uint64_t submitted_ = 0, unfinished_ = 0;
  Tick now_ = 0;
  PortLog log_;
};

}  // namespace scanfuse::dram
