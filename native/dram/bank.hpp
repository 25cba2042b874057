// One bank: its row, the earliest ticks of each kind of command, and what it would do next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dram/types.hpp"

namespace scanfuse::dram {

// The one thing a bank can be waiting to do. A closed bank with work wants to activate; an open one
// wants the first queued column access to its row, or, if there is none, to be precharged.
enum class Action : std::uint8_t { Activate, Read, Write, Precharge, None };
inline constexpr std::size_t kActions = 5;
inline constexpr std::int32_t kNoEntry = -1;

struct Bank {
  // Earliest tick of each action as far as this bank's own history tells; the rank adds its floors.
  std::array<Tick, kActions> earliest{0, 0, 0, 0, kNever};
  Tick activeUntil = 0;  // Active in tick t iff t < activeUntil; kNever while no close is scheduled
  Tick idleAt = 0;       // Idle from this tick on (once not Active)
  std::uint64_t order = 0;  // place in the command queue of the entry wanted next
  std::uint32_t row = 0;
  std::uint32_t hits = 0;  // column accesses since the last precharge that dropped their own activate
  std::int32_t head = kNoEntry, tail = kNoEntry;  // this bank's entries, oldest first
  std::int32_t wanted = kNoEntry;                 // entry served next
  Action action = Action::None;

  Tick& at(Action what) { return earliest[static_cast<std::size_t>(what)]; }
  Tick at(Action what) const { return earliest[static_cast<std::size_t>(what)]; }
  bool active(Tick now) const { return now < activeUntil; }
  bool open() const { return activeUntil == kNever; }
};

inline void raise(Tick& value, Tick least) {
  if (value < least) value = least;
}

}  // namespace scanfuse::dram
