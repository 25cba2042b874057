#include "dram/memory.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>

namespace scanfuse::dram {

Memory::Memory(const Config& config, RecordOptions records) : system_(config, *this, records) {}

Channel& Memory::channelOf(const Location& at) { return system_.channels()[at.channel]; }

bool Memory::canAccept(std::uint64_t address) { return channelOf(system_.map().locate(address)).hasRoom(); }

void Memory::add(std::uint64_t address, bool isWrite, std::uint64_t tag, std::uint32_t owner) {
  const Location at = system_.map().locate(address);
  Channel& channel = channelOf(at);
  if (!channel.hasRoom())
    throw std::runtime_error("the transaction queue of channel " + std::to_string(at.channel) + " is full at tick " +
                             std::to_string(now_) + ": ask can_accept() first");
  channel.add(at, isWrite, tag, system_.owners().slot(owner));
}

double Memory::nanojoules(std::uint64_t energy) const {
  const Config& config = system_.config();
  // In strict mode an energy may be negative, in two's complement.
  const double units = config.strict() ? static_cast<double>(static_cast<std::int64_t>(energy))
                                       : static_cast<double>(energy);
  return units * static_cast<double>(config.Vdd) * static_cast<double>(config.tCK) * 1e-3;
}

std::vector<Completion> Memory::advance(Tick until) {
  if (until < now_)
    throw std::invalid_argument("cannot go back to tick " + std::to_string(until) + " from tick " +
                                std::to_string(now_));
  system_.runTo(until);
  now_ = until;
  const auto later = std::stable_partition(finished_.begin(), finished_.end(),
                                           [until](const Completion& each) { return each.tick < until; });
  std::vector<Completion> done(finished_.begin(), later);
  finished_.erase(finished_.begin(), later);
  std::stable_sort(done.begin(), done.end(),
                   [](const Completion& a, const Completion& b) { return a.tick < b.tick; });
  return done;
}

}  // namespace scanfuse::dram
