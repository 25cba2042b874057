// A memory system driven request by request: what `DramSystem` is in Python.
#pragma once

#include <cstdint>
#include <vector>

#include "dram/system.hpp"

namespace scanfuse::dram {

struct Completion {
  std::uint64_t tag = 0;
  Tick tick = 0;
};

class Memory final : public CompletionListener {
 public:
  Memory(const Config& config, RecordOptions records);

  bool canAccept(std::uint64_t address);
  // Adds before tick now() executes. Throws std::runtime_error if the transaction queue has no room.
  void add(std::uint64_t address, bool isWrite, std::uint64_t tag, std::uint32_t owner);
  // Executes all ticks before `until`; returns what completed in a tick before it and was not returned
  // yet, ordered by tick (and by order of issue within one).
  std::vector<Completion> advance(Tick until);

  Tick now() const { return now_; }
  System& system() { return system_; }

 private:
  void served(std::uint64_t tag, Tick done) override { finished_.push_back({tag, done}); }
  Channel& channelOf(const Location& at);

  System system_;
  std::vector<Completion> finished_;  // some of them in the future
  Tick now_ = 0;
};

}  // namespace scanfuse::dram
