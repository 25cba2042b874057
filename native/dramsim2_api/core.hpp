// What stands behind MultiChannelMemorySystem: its ticks, its clocks, its callbacks.
//
// Most ticks only count. `tick()` does more when a completion may be due on some channel or an epoch
// ends; callbacks then see every channel at the very point of the tick that the model says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "DRAMSim.h"
#include "dram/system.hpp"
#include "lane.hpp"
#include "outputs.hpp"
#include "settings/settings.hpp"

namespace DRAMSim {

class MultiChannelMemorySystem::Core final : public scanfuse::dram::CompletionListener {
 public:
  using Tick = scanfuse::dram::Tick;

  Core(scanfuse::settings::Settings settings, const scanfuse::dramsim2_api::Names& names);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core() override;

  void update() {
    if (dramHz_ == cpuHz_) {
      tick();
      return;
    }
    cpuCount_ += dramHz_;
    while (dramCount_ < cpuCount_) {
      dramCount_ += cpuHz_;
      tick();
    }
    if (cpuCount_ == dramCount_) cpuCount_ = dramCount_ = 0;
  }
  void setCpuHz(std::uint64_t hz);

  // Without room: onto the channel's list if `mayWait`, else false.
  bool add(bool isWrite, std::uint64_t address, Transaction* transaction, bool mayWait);
  bool hasRoom();
  bool hasRoom(std::uint64_t address);

  void setCallbacks(TransactionCompleteCB* read, TransactionCompleteCB* write) {
    readDone_ = read;
    writeDone_ = write;
  }
  static void setPowerCallback(powerCallBack_t report);

  void report(bool last);
  std::ofstream& log() { return outputs_.log(); }
  const scanfuse::settings::Settings& settings() const { return settings_; }

 private:
  using Lane = scanfuse::dramsim2_api::Lane;
  using Request = scanfuse::dramsim2_api::Request;
  class InTick;

  void tick() {
    if (now_ < due_) {
      ++now_;
      return;
    }
    runTick();
  }
  void runTick();
  void complete(std::size_t channel);
  void hand(TransactionCompleteCB* callback, std::size_t channel, const Request& request);
  Tick clockOf(std::size_t channel) const;
  Lane& current(std::size_t channel);
  void renewDue();
  void served(std::uint64_t tag, Tick done) override;
  void describe(std::ostream& out, std::size_t channel, const scanfuse::dram::ChannelFigures& figures, Tick now) const;

  const scanfuse::settings::Settings settings_;
  scanfuse::dram::System system_;
  std::vector<Lane> lanes_;
  scanfuse::dramsim2_api::Outputs outputs_;

  Tick now_ = 0;  // ticks executed; within a tick, its number
  Tick due_ = 0;
  Tick nextEpoch_ = 0;
  std::uint64_t dramHz_ = 0, cpuHz_ = 0, dramCount_ = 0, cpuCount_ = 0;

  bool inTick_ = false;
  std::size_t executing_ = 0;  // the channel whose turn it is; those before it have executed this tick
  bool executed_ = false;      // that channel too, but for its clock

  TransactionCompleteCB *readDone_ = nullptr, *writeDone_ = nullptr;
};

}  // namespace DRAMSim
