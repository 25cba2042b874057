// A memory system: its channels and what they share, which is only the address mapping and the
// figures per owner. Channels run independently; each may be ahead of another as long as nobody looks.
#pragma once

#include <cstdint>
#include <vector>

#include "dram/address_map.hpp"
#include "dram/channel.hpp"
#include "dram/config.hpp"

namespace scanfuse::dram {

class System {
 public:
  System(const Config& config, CompletionListener& listener, RecordOptions records);
  System(const System&) = delete;
  System& operator=(const System&) = delete;

  const Config& config() const { return config_; }
  const AddressMap& map() const { return map_; }
  std::vector<Channel>& channels() { return channels_; }
  const std::vector<Channel>& channels() const { return channels_; }
  OwnerTable& owners() { return owners_; }
  const OwnerTable& owners() const { return owners_; }

  void runTo(Tick until) {
    for (Channel& channel : channels_) channel.runTo(until);
  }
  Tick next() const;  // the next tick that matters to any channel
  std::uint64_t pending() const;

  // Records of all channels in order of time, then channel.
  std::vector<CommandRecord> commands() const;
  std::vector<EpochRecord> epochs() const;

 private:
  const Config config_;
  const AddressMap map_;
  OwnerTable owners_;
  std::vector<Channel> channels_;
};

}  // namespace scanfuse::dram
