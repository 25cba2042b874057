// One bank: its row, the earliest ticks of each kind of command, and what it would do next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dram/entries.hpp"
#include "dram/statistics.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

// The one thing a bank can be waiting to do. A closed bank with work wants to activate; an open one
// wants the first queued column access to its row, or, if there is none, to be precharged.
enum class Action : std::uint8_t { Activate, Read, Write, Precharge, None };
inline constexpr std::size_t kActions = 4;  // that can be waited for

// A place in a list of banks that wait for an action (waiting_banks.hpp).
struct BankLink {
  BankLink* before = nullptr;
  BankLink* after = nullptr;
  Tick ready = kNever;      // from when on the bank's own history allows the action
  std::uint64_t order = 0;  // who goes first: the entry's place in the command queue, or the turn
};

struct Bank : BankLink {
  // Earliest tick of each action as far as this bank's own history tells; the rank adds its floors.
  std::array<Tick, kActions> earliest{};
  Tick idleAt = 0;       // Idle from this tick on (once not Active); 0 while a row is open
  Tick activeUntil = 0;  // Active in tick t iff t < activeUntil; kNever while no close is scheduled
  std::uint32_t row = 0;
  std::uint32_t hits = 0;  // column accesses since the last precharge that dropped their own activate
  EntryList entries;
  Entry* wanted = nullptr;  // the entry served next

  std::uint32_t rank = 0;
  std::uint32_t index = 0;  // within the rank
  std::uint32_t queue = 0;  // the command queue of its entries
  std::uint32_t turn = 0;   // when the round robin over all banks comes to it
  Action action = Action::None;  // what it waits for

  BankCounters counters;

  Tick& at(Action what) { return earliest[static_cast<std::size_t>(what)]; }
  Tick at(Action what) const { return earliest[static_cast<std::size_t>(what)]; }
  bool active(Tick now) const { return now < activeUntil; }
  bool open() const { return activeUntil == kNever; }
};

inline void raise(Tick& value, Tick least) {
  if (value < least) value = least;
}

}  // namespace scanfuse::dram
