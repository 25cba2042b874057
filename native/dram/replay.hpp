// Feeds a recorded stream of requests to a system, in order, with or without back-pressure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dram/system.hpp"

namespace scanfuse::dram {

struct ReplayOptions {
  std::uint32_t perCycle = 0;  // most requests offered per CPU cycle; 0: no bound
  bool neverAsk = false;       // offer without asking for room: the overflow list takes what has none
  std::uint64_t cpuHz = 0;     // 0: one tick per cycle
  std::uint64_t extra = 0;     // CPU cycles to go on after the last completion
  Tick untilTick = 0;          // if not 0: go on to at least this tick
  Tick stopTick = 0;           // if not 0: stop there, finished or not; all requests must be accepted before
};

// `cycles` may not need to be sorted: a request is offered at its cycle, or when its turn comes.
struct RequestStream {
  const std::int64_t* cycles = nullptr;
  const std::uint64_t* addresses = nullptr;
  const bool* isWrite = nullptr;
  const bool* force = nullptr;  // may be null; offered without asking for room
  const std::uint32_t* owners = nullptr;  // may be null
  const std::uint32_t* idle = nullptr;    // may be null; cycles that pass unused before each request is looked at
  std::size_t size = 0;
};

class Replay final : public CompletionListener {
 public:
  Replay(const Config& config, RecordOptions records);
  void run(const RequestStream& stream, const ReplayOptions& options);

  System& system() { return system_; }
  const std::vector<std::int64_t>& accepted() const { return accepted_; }    // CPU cycles
  const std::vector<std::int64_t>& completed() const { return completed_; }  // ticks
  Tick ticks() const { return ticks_; }
  std::uint64_t cpuCycles() const { return cpuCycles_; }

 private:
  void served(std::uint64_t tag, Tick done) override {
    completed_[tag] = static_cast<std::int64_t>(done);
    if (done > lastDone_) lastDone_ = done;
  }

  System system_;
  std::vector<std::int64_t> accepted_, completed_;
  Tick ticks_ = 0, lastDone_ = 0;
  std::uint64_t cpuCycles_ = 0;
};

}  // namespace scanfuse::dram
