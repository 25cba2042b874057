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
// parts whose burst current is below their standby current rely on it (quirk Q10). In strict mode the steps
// are whole and may be negative, as 64-bit numbers in two's complement.
struct EnergySteps {
  explicit EnergySteps(const Config& c) : EnergySteps(c, c.strict() ? ~std::uint64_t{0} : 0xffffffffu) {}

  std::uint64_t read, write, activate, refresh;
  std::uint64_t openTick, closedTick, powerDownTick;

 private:
  EnergySteps(const Config& c, std::uint64_t mask)
      : read(burst(c, c.IDD4R, mask)),
        write(burst(c, c.IDD4W, mask)),
        activate((std::uint64_t{c.IDD0} * c.tRC -
                  (std::uint64_t{c.IDD3N} * c.tRAS + c.IDD2N * (std::uint64_t{c.tRC} - c.tRAS))) *
                 c.numDevices() & mask),
        refresh((std::uint64_t{c.IDD5} - c.IDD3N) * c.tRFC * c.numDevices() & mask),
        openTick(std::uint64_t{c.IDD3N} * c.numDevices() & mask),
        closedTick(std::uint64_t{c.IDD2N} * c.numDevices() & mask),
        powerDownTick(std::uint64_t{c.IDD2P} * c.numDevices() & mask) {}

  // (current - IDD3N) * BL / 2 devices: in 32 bits the product wraps before it is halved.
  static std::uint64_t burst(const Config& c, std::uint32_t current, std::uint64_t mask) {
    const std::uint64_t twice = (std::uint64_t{current} - c.IDD3N) * c.BL & mask;
    const bool negative = (twice >> 63) != 0;
    return (twice / 2 | (negative ? std::uint64_t{1} << 63 : 0)) * c.numDevices() & mask;
  }
};

}  // namespace scanfuse::dram
