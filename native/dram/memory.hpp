// A memory to embed in a simulator of your own, driven request by request: what `DramSystem` is in Python.
//
//   Memory memory(config);                       // settings/settings.hpp makes a Config from ini files
//   if (memory.canAccept(address)) memory.add(address, isWrite, tag);
//   for (const Completion& each : memory.advance(memory.now() + 100)) ...;
//   memory.nanojoules(memory.figures(0, 0).energy.burst);
//
// It stands still until it is told how far to go; how far at once makes no difference, and ticks in which
// nothing changes cost nothing. Time is in ticks (DRAM clock cycles) from 0, addresses are bytes, one request is
// one burst. Memories share nothing: any number may live in one process, each used by one thread at a time.
// examples/embed/ is a program around it.
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
  // Throws ConfigError naming the setting that is outside the domain of the model.
  explicit Memory(const Config& config, RecordOptions records = {});

  // Whether the transaction queue of the address's channel has room before tick now() executes.
  bool canAccept(std::uint64_t address);
  // Adds before tick now() executes, charged to `owner`. Throws std::runtime_error if there is no room.
  void add(std::uint64_t address, bool isWrite, std::uint64_t tag, std::uint32_t owner = 0);
  // Executes all ticks before `until`; returns what completed in a tick before it and was not returned
  // yet, ordered by tick (and by order of issue within one). Throws std::invalid_argument for a tick in the
  // past, BusCollision and NoProgress for settings that cannot run; then the memory is of no more use.
  std::vector<Completion> advance(Tick until);

  Tick now() const { return now_; }  // ticks executed
  // Requests added whose read or write command has not issued.
  std::uint64_t pending() const { return system_.pending(); }

  std::uint32_t numChannels() const { return static_cast<std::uint32_t>(system_.channels().size()); }
  std::uint32_t numRanks() const { return system_.config().numRanks(); }  // of a channel
  // Commands of a rank and the energy they took up to tick now(): mA x ticks summed over its devices.
  RankFigures figures(std::uint32_t channel, std::uint32_t rank) { return system_.channels().at(channel).rank(rank); }
  double nanojoules(std::uint64_t energy) const;

  // All else that is known, of each channel, rank, bank and owner.
  System& system() { return system_; }

 private:
  void served(std::uint64_t tag, Tick done) override { finished_.push_back({tag, done}); }
  Channel& channelOf(const Location& at);

  System system_;
  std::vector<Completion> finished_;  // some of them in the future
  Tick now_ = 0;
};

}  // namespace scanfuse::dram
