// Energy accounting: integers of mA x ticks, summed over the devices of a rank.
#pragma once

#include <cstdint>

#include "dram/config.hpp"

namespace scanfuse::dram {

struct Energy {
  std::uint64_t background = 0;
  std::uint64_t burst = 0;
  std::uint64_t actpre = 0;
  std::uint64_t refresh = 0;

  Energy operator-(const Energy& past) const {
    return {background - past.background, burst - past.burst, actpre - past.actpre, refresh - past.refresh};
  }
};

// What one command, or one tick of background, adds. The 32-bit wrap-around is part of the model:
// parts whose burst current is below their standby current rely on it (quirk Q10).
struct EnergySteps {
  explicit EnergySteps(const Config& c)
      : read((c.IDD4R - c.IDD3N) * c.BL / 2 * c.numDevices()),
        write((c.IDD4W - c.IDD3N) * c.BL / 2 * c.numDevices()),
        activate((c.IDD0 * c.tRC - (c.IDD3N * c.tRAS + c.IDD2N * (c.tRC - c.tRAS))) * c.numDevices()),
        refresh((c.IDD5 - c.IDD3N) * c.tRFC * c.numDevices()),
        openTick(c.IDD3N * c.numDevices()),
        closedTick(c.IDD2N * c.numDevices()),
        powerDownTick(c.IDD2P * c.numDevices()) {}

  std::uint32_t read, write, activate, refresh;
  std::uint32_t openTick, closedTick, powerDownTick;
};

}  // namespace scanfuse::dram
