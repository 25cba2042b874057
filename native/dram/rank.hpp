// One rank: constraints shared by its banks, background energy in closed form, power-down state.
#pragma once

#include <array>
#include <cstdint>

#include "dram/bank.hpp"
#include "dram/energy.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

struct RankCounters {
  std::uint64_t reads = 0, writes = 0, activates = 0, precharges = 0, refreshes = 0, rowHits = 0;
  std::uint64_t powerDownTicks = 0, powerDownEntries = 0;

  // Adds `times` what has come about since `past` while idle: only refreshes and power-down.
  void repeatIdle(const RankCounters& past, std::uint64_t times) {
    refreshes += (refreshes - past.refreshes) * times;
    powerDownTicks += (powerDownTicks - past.powerDownTicks) * times;
    powerDownEntries += (powerDownEntries - past.powerDownEntries) * times;
  }
};

struct Rank {
  // --- constraints on all banks of the rank, in addition to their own ---
  std::array<Tick, kActions> floor{};
  Tick activateGap = 0;             // tRRD after the last activate
  std::array<Tick, 4> fourWindow{};  // expiry of the last four activates (tFAW)
  std::uint32_t fourOldest = 0;

  // --- plan: the earliest tick in which some bank can act, valid until `stale` ---
  bool stale = true;
  Tick commandAt = kNever;    // activate, read or write
  Tick prechargeAt = kNever;  // closing a row nobody wants
  std::uint32_t best = 0;     // bank to serve if the command is taken exactly at commandAt

  // --- state ---
  std::uint32_t entries = 0;     // transactions in this rank's command queues
  std::uint32_t openBanks = 0;   // Active with no close scheduled
  Tick openUntil = 0;            // some bank is Active or Refreshing before this tick anyway
  Tick quietAt = 0;              // all banks Idle from here on (if none is open)
  bool refreshWaiting = false;
  bool poweredDown = false;
  Tick exitAt = 0;

  // --- accounting ---
  Tick accounted = 0;  // background energy is complete for all ticks before this one
  Energy energy;
  Energy epochStart;
  RankCounters counters;

  void activated(Tick now, std::uint32_t tFAW) {
    fourWindow[fourOldest] = now + tFAW;
    fourOldest = (fourOldest + 1) & 3;
  }

  // Brings the background energy up to (not including) tick `until`. Must be called before the state
  // of the rank changes in a tick, since that tick is charged by its new state.
  void account(Tick until, const EnergySteps& steps) {
    const Tick ticks = until - accounted;
    if (poweredDown) {
      energy.background += ticks * steps.powerDownTick;
      counters.powerDownTicks += ticks;
    } else if (openBanks != 0 || openUntil >= until) {
      energy.background += ticks * steps.openTick;
    } else {
      const Tick open = openUntil > accounted ? openUntil - accounted : 0;
      energy.background += open * steps.openTick + (ticks - open) * steps.closedTick;
    }
    accounted = until;
  }
};

}  // namespace scanfuse::dram
