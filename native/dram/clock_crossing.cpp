#include "dram/clock_crossing.hpp"

#include <stdexcept>

namespace scanfuse::dram {
namespace {

// floor(a*b/c) by long division of a, without a wider integer type.
std::uint64_t multiplyDivide(std::uint64_t a, std::uint64_t b, std::uint64_t c, bool roundUp) {
  const std::uint64_t whole = a / c * b;
  std::uint64_t rest = a % c;  // rest*b/c, bit by bit of b
  std::uint64_t quotient = 0, remainder = 0;
  for (int bit = 63; bit >= 0; --bit) {
    quotient <<= 1;
    remainder <<= 1;
    if ((b >> bit) & 1) remainder += rest;
    while (remainder >= c) {
      remainder -= c;
      ++quotient;
    }
  }
  return whole + quotient + (roundUp && remainder != 0 ? 1 : 0);
}

constexpr std::uint64_t kFastest = std::uint64_t{1} << 60;  // keeps the division above within 64 bits

}  // namespace

ClockCrossing::ClockCrossing(float tCK, std::uint64_t cpuHz)
    : cpu_(cpuHz), dram_(static_cast<std::uint64_t>(1.0 / (static_cast<double>(tCK) * 1e-9))) {
  if (cpu_ == 0) cpu_ = dram_;
  if (cpu_ >= kFastest) throw std::invalid_argument("cpu_hz must be below 2^60");
  if (cpu_ != dram_ && (dram_ == 0 || dram_ >= kFastest))
    throw std::invalid_argument("tCK is out of the range in which cpu_hz can be used");
}

std::uint64_t ClockCrossing::floorCycle(Tick tick) const { return multiplyDivide(tick, cpu_, dram_, false); }

Tick ClockCrossing::ceilingTick(std::uint64_t cycle) const { return multiplyDivide(cycle, dram_, cpu_, true); }

}  // namespace scanfuse::dram
