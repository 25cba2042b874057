// Feeds a recorded stream of requests to a system, in order, with or without back-pressure. The stream comes
// in chunks of any sizes, which make no difference; figures of a chunk can be taken once all of it has
// completed, so memory is bounded by the largest chunk and the requests under way, not by the stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "dram/acceptance_order.hpp"
#include "dram/clock_crossing.hpp"
#include "dram/system.hpp"

namespace scanfuse::dram {

struct ReplayOptions {
  std::uint32_t perCycle = 0;  // most requests offered per CPU cycle; 0: no bound
  bool neverAsk = false;       // offer without asking for room: the overflow list takes what has none
  std::uint64_t cpuHz = 0;     // 0: one tick per cycle
  std::uint64_t extra = 0;     // CPU cycles to go on after the last completion
  Tick untilTick = 0;          // if not 0: go on to at least this tick
  Tick stopTick = 0;           // if not 0: stop there, finished or not; goes without the three above
};

// The next requests of a stream. `cycles` need not be sorted: a request is offered at its cycle, or when its
// turn comes.
struct RequestChunk {
  const std::int64_t* cycles = nullptr;
  const std::uint64_t* addresses = nullptr;
  const bool* isWrite = nullptr;
  const bool* force = nullptr;  // may be null; offered without asking for room
  const std::uint32_t* owners = nullptr;  // may be null
  const std::uint32_t* idle = nullptr;    // may be null; cycles that pass unused before each request is looked at
  std::size_t size = 0;
};

// What became of a chunk, in its order; -1 for what was not accepted or completed before `stopTick`.
struct ChunkFigures {
  std::vector<std::int64_t> accepted;   // CPU cycles
  std::vector<std::int64_t> completed;  // ticks
};

class Replay final : public CompletionListener {
 public:
  // Throws ConfigError, also from feed() and finish() where more epochs end than can be recorded.
  Replay(const Config& config, RecordOptions records, const ReplayOptions& options);

  // Runs until the last request of the chunk is accepted.
  void feed(const RequestChunk& chunk);
  // Runs to the end; there is nothing to feed after this.
  void finish();
  // Moves out the figures of the oldest chunk not taken yet, if they are whole.
  bool take(ChunkFigures& out);

  System& system() { return system_; }
  // Known when finished.
  Tick ticks() const { return ticks_; }
  std::uint64_t cpuCycles() const { return cpuCycles_; }

 private:
  struct OpenChunk {
    std::uint64_t first = 0;  // number of its first request in the stream
    std::size_t missing = 0;  // requests whose completion is not known
    ChunkFigures figures;
  };

  void served(std::uint64_t tag, Tick done) override {
    if (tag < directFrom_) return servedOfAny(tag, done);
    direct_[tag - directFrom_] = static_cast<std::int64_t>(done);
    --*directMissing_;
    if (done > lastDone_) lastDone_ = done;
  }
  void complete(OpenChunk& chunk, std::uint64_t tag, Tick done) {
    chunk.figures.completed[tag - chunk.first] = static_cast<std::int64_t>(done);
    --chunk.missing;
    if (done > lastDone_) lastDone_ = done;
  }
  void servedOfAny(std::uint64_t tag, Tick done);
  std::size_t offerAll(const RequestChunk& chunk, std::int64_t* accepted);
  std::size_t offer(const RequestChunk& chunk, std::int64_t* accepted);
  void setOwner(std::uint32_t owner);
  bool beforeLimit(Tick tick) const { return tick < limit_ || atLimit(); }
  bool atLimit() const;
  bool makeRoom(Channel& channel);
  void drain(Channel& channel);

  System system_;
  const ReplayOptions options_;
  const ClockCrossing clock_;
  Tick limit_ = kNever;  // no tick from here on is executed before the end
  std::unique_ptr<AcceptanceOrder> order_;
  std::deque<OpenChunk> chunks_;
  OpenChunk* newest_ = nullptr;
  // Requests numbered from here on belong to the newest chunk; none are if completions need to be put in order.
  std::uint64_t directFrom_ = ~std::uint64_t{0};
  std::int64_t* direct_ = nullptr;
  std::size_t* directMissing_ = nullptr;
  std::uint64_t fed_ = 0;      // requests
  std::int64_t cycle_ = 0;     // in which requests are being offered
  Tick tick_ = 0;              // the first at or after that cycle
  std::uint32_t offered_ = 0;  // in that cycle
  std::uint64_t owner_ = ~std::uint64_t{0};  // of the last request; none yet
  std::uint32_t ownerSlot_ = 0;
  bool running_ = true;  // neither finished nor broken off by an error
  Tick ticks_ = 0, lastDone_ = 0;
  std::uint64_t cpuCycles_ = 0;
};

}  // namespace scanfuse::dram
