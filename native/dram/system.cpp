#include "dram/system.hpp"

#include <algorithm>
#include <tuple>

namespace scanfuse::dram {
namespace {

const Config& checked(const Config& config) {
  config.validate();
  return config;
}

}  // namespace

System::System(const Config& config, CompletionListener& listener, RecordOptions records)
    : config_(checked(config)), map_(config_) {
  channels_.reserve(config_.NUM_CHANS);
  for (std::uint32_t index = 0; index < config_.NUM_CHANS; ++index)
    channels_.emplace_back(config_, index, owners_, listener, records);
}

Tick System::next() const {
  Tick next = kNever;
  for (const Channel& channel : channels_) next = std::min(next, channel.next());
  return next;
}

std::uint64_t System::pending() const {
  std::uint64_t pending = 0;
  for (const Channel& channel : channels_) pending += channel.pending();
  return pending;
}

std::vector<CommandRecord> System::commands() const {
  std::vector<CommandRecord> all;
  for (const Channel& channel : channels_)
    all.insert(all.end(), channel.commands().begin(), channel.commands().end());
  // Stable: within a tick and channel the order of issue stays.
  std::stable_sort(all.begin(), all.end(), [](const CommandRecord& a, const CommandRecord& b) {
    return std::tie(a.tick, a.channel) < std::tie(b.tick, b.channel);
  });
  return all;
}

std::vector<EpochRecord> System::epochs() const {
  std::vector<EpochRecord> all;
  for (const Channel& channel : channels_) all.insert(all.end(), channel.epochs().begin(), channel.epochs().end());
  std::stable_sort(all.begin(), all.end(), [](const EpochRecord& a, const EpochRecord& b) {
    return std::tie(a.end, a.channel) < std::tie(b.end, b.channel);
  });
  return all;
}

}  // namespace scanfuse::dram
