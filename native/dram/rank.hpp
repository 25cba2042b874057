// One rank: constraints shared by its banks, background energy in closed form, power-down state.
#pragma once

#include <array>
#include <cstdint>

#include "dram/bank.hpp"
#include "dram/energy.hpp"
#include "dram/types.hpp"
#include "dram/waiting_banks.hpp"

namespace scanfuse::dram {

struct RankCounters {
  std::uint64_t reads = 0, writes = 0, activates = 0, precharges = 0, refreshes = 0, rowHits = 0;
  std::uint64_t powerDownTicks = 0, powerDownEntries = 0;
};

// What a rank has done and what that took.
struct RankFigures {
  Energy energy;
  RankCounters counters;
};

struct Rank {
  std::uint32_t index = 0;

  // --- constraints on all banks of the rank, in addition to their own ---
  std::uint32_t fourOldest = 0;
  std::array<Tick, 4> fourWindow{};  // expiry of the last four activates (tFAW)
  Tick activateGap = 0;              // tRRD after the last activate
  Tick readFloor = 0, writeFloor = 0;

  // --- plan: no command can go out before these, valid until `stale` ---
  Tick activateAt = kNever, readAt = kNever, writeAt = kNever;
  Tick commandAt = kNever;    // the first of the three
  Tick prechargeAt = kNever;  // closing a row nobody wants
  bool stale = true;

  // --- state ---
  bool refreshWaiting = false;
  bool poweredDown = false;
  std::uint32_t entries = 0;    // transactions in this rank's command queues
  std::uint32_t openBanks = 0;  // Active with no close scheduled
  Tick openUntil = 0;           // some bank is Active or Refreshing before this tick anyway
  Tick quietAt = 0;             // all banks Idle from here on (if none is open)
  Tick exitAt = 0;
  std::array<WaitingBanks, kActions> waiting;

  // --- accounting ---
  Tick accounted = 0;  // background energy is complete for all ticks before this one
  std::uint64_t background = 0;
  Energy epochStart;
  RankCounters counters;  // but for reads and writes, which are counted by bank

  WaitingBanks& waitingFor(Action action) { return waiting[static_cast<std::size_t>(action)]; }

  // Earliest activate of any bank, by tRRD and tFAW.
  Tick activateFloor() const {
    const Tick window = fourWindow[fourOldest];
    return activateGap > window ? activateGap : window;
  }
  void activated(Tick now, std::uint32_t tFAW) {
    fourWindow[fourOldest] = now + tFAW;
    fourOldest = (fourOldest + 1) & 3;
  }

  // While it sleeps.
  void planNothing() {
    activateAt = readAt = writeAt = commandAt = prechargeAt = kNever;
  }
  SCANFUSE_HOT void plan() {
    activateAt = waitingFor(Action::Activate).earliest(activateFloor());
    readAt = waitingFor(Action::Read).earliest(readFloor);
    writeAt = waitingFor(Action::Write).earliest(writeFloor);
    const Tick columnAt = readAt < writeAt ? readAt : writeAt;
    commandAt = activateAt < columnAt ? activateAt : columnAt;
    prechargeAt = waitingFor(Action::Precharge).earliest(0);
  }

  // Calls visit(banks) for those banks waiting for a command of which some can go `now`.
  template <class Visit>
  SCANFUSE_HOT void eachReady(Tick now, Visit visit) {
    if (readAt <= now) visit(waitingFor(Action::Read));
    if (writeAt <= now) visit(waitingFor(Action::Write));
    if (activateAt <= now) visit(waitingFor(Action::Activate));
  }

  // Brings the background energy up to (not including) tick `until`. Must be called before the state
  // of the rank changes in a tick, since that tick is charged by its new state.
  void account(Tick until, const EnergySteps& steps) {
    const Tick ticks = until - accounted;
    if (poweredDown) {
      background += ticks * steps.powerDownTick;
      counters.powerDownTicks += ticks;
    } else if (openBanks != 0 || openUntil >= until) {
      background += ticks * steps.openTick;
    } else {
      const Tick open = openUntil > accounted ? openUntil - accounted : 0;
      background += open * steps.openTick + (ticks - open) * steps.closedTick;
    }
    accounted = until;
  }
};

}  // namespace scanfuse::dram
