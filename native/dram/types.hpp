// The words every part of the engine shares: time, places, commands.
#pragma once

#include <cstdint>

// For the inner loop: what belongs into it whatever the compiler's own estimate, and what does not.
#if defined(_MSC_VER)
#define SCANFUSE_HOT __forceinline
#define SCANFUSE_COLD __declspec(noinline)
#else
#define SCANFUSE_HOT inline __attribute__((always_inline))
#define SCANFUSE_COLD __attribute__((noinline))
#endif

namespace scanfuse::dram {

// One DRAM clock cycle; tick t is the (t+1)-th cycle executed. Never a float.
using Tick = std::uint64_t;
inline constexpr Tick kNever = ~Tick{0};

// Where an address lives. `column` is the burst index within the row.
struct Location {
  std::uint32_t channel = 0;
  std::uint32_t rank = 0;
  std::uint32_t bank = 0;
  std::uint32_t row = 0;
  std::uint32_t column = 0;
};

// Codes as they appear in command traces.
enum class Command : std::uint8_t {
  Read,
  ReadAuto,
  Write,
  WriteAuto,
  Activate,
  Precharge,
  Refresh,
  PowerDownEntry,
  PowerDownExit,
};

}  // namespace scanfuse::dram
