#include "dram/replay.hpp"

#include <algorithm>

#include "dram/clock_crossing.hpp"

namespace scanfuse::dram {

Replay::Replay(const Config& config, RecordOptions records) : system_(config, *this, records) {}

void Replay::run(const RequestStream& stream, const ReplayOptions& options) {
  const ClockCrossing clock(system_.config().tCK, options.cpuHz);
  accepted_.assign(stream.size, 0);
  completed_.assign(stream.size, -1);
  std::uint64_t cycle = 0;  // the cycle in which requests are being offered
  std::uint32_t offered = 0;
  Tick tick = 0;  // the first tick at or after that cycle
  const auto goTo = [&](std::uint64_t later) {
    cycle = later;
    offered = 0;
    tick = clock.firstTick(cycle);
  };
  std::uint32_t lastOwner = 0;
  std::uint32_t slot = stream.size != 0 ? system_.owners().slot(stream.owners ? stream.owners[0] : 0) : 0;
  if (stream.owners && stream.size != 0) lastOwner = stream.owners[0];

  const bool plain = options.perCycle == 0 && !options.neverAsk && options.cpuHz == 0 && !stream.force && !stream.owners && !stream.idle && system_.channels().size() == 1;
  if (plain) {
    RequestRun run{stream.cycles, stream.addresses, stream.isWrite, accepted_.data(), stream.size, 0, slot};
    system_.channels()[0].addAll(run, system_.map());
  } else
  for (std::size_t i = 0; i < stream.size; ++i) {
    const auto wantedAt = static_cast<std::uint64_t>(std::max<std::int64_t>(stream.cycles[i], 0));
    const bool isFull = options.perCycle != 0 && offered == options.perCycle;
    const std::uint64_t soonest = cycle + (isFull ? 1 : 0) + (stream.idle ? stream.idle[i] : 0);
    if (std::max(wantedAt, soonest) > cycle) goTo(std::max(wantedAt, soonest));
    const Location at = system_.map().locate(stream.addresses[i]);
    Channel& channel = system_.channels()[at.channel];
    channel.runTo(tick);
    const bool ask = !options.neverAsk && !(stream.force && stream.force[i]);
    if (ask && !channel.hasRoom()) {
      channel.runUntilRoom();
      goTo(clock.cycleOf(channel.now() - 1) + 1);  // offered in the cycle after the one that made room
      channel.runTo(tick);
    }
    if (stream.owners && stream.owners[i] != lastOwner) {
      lastOwner = stream.owners[i];
      slot = system_.owners().slot(lastOwner);
    }
    channel.add(at, stream.isWrite[i], i, slot);
    accepted_[i] = static_cast<std::int64_t>(cycle);
    ++offered;
  }

  if (options.stopTick != 0) {
    cpuCycles_ = ticks_ = options.stopTick;
    system_.runTo(ticks_);
    for (Channel& channel : system_.channels()) channel.closeEpoch();
    return;
  }
  for (Channel& channel : system_.channels()) channel.runUntilDrained();
  cpuCycles_ = (stream.size != 0 ? clock.cycleOf(lastDone_) + 1 : 0) + options.extra;
  ticks_ = clock.firstTick(cpuCycles_);
  if (ticks_ < options.untilTick) {
    ticks_ = options.untilTick;
    cpuCycles_ = clock.cycleOf(ticks_ - 1) + 1;
  }
  system_.runTo(ticks_);
  for (Channel& channel : system_.channels()) channel.closeEpoch();
}

}  // namespace scanfuse::dram
