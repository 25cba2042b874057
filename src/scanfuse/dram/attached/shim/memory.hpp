// A DRAMSim2 behind its public interface, and what it has told: completions by request, powers by print.
//
// One to a process, as DRAMSim2 keeps its settings in globals. It is never deleted: its public header
// declares no destructor, and the process ends anyway.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <DRAMSim.h>

namespace shim {

// The last words of the process; whoever started it tells the user.
inline void fail(const std::string &text) {
  std::cerr << "scanfuse: " << text << std::endl;
  std::_Exit(70);
}

struct Completion {
  uint64_t tag, tick;
};

class Memory {
 public:
  Memory(const std::string &device, const std::string &system, unsigned ranks, unsigned megabytes, uint64_t cpuHz,
         double tckNs, uint64_t epochTicks)
      : epochTicks_(epochTicks),
        ranks_(ranks),
        dramHz_(static_cast<uint64_t>(1.0 / (tckNs * 1e-9))),
        cpuHz_(cpuHz == 0 ? dramHz_ : cpuHz),
        system_(DRAMSim::getMemorySystemInstance(device, system, "", "scanfuse", megabytes, NULL)),
        readDone_(this, &Memory::readDone),
        writeDone_(this, &Memory::writeDone) {
    if (system_ == NULL) fail("getMemorySystemInstance gave no memory");
    system_->RegisterCallbacks(&readDone_, &writeDone_, &Memory::power);
    if (cpuHz != 0) system_->setCPUClockSpeed(cpuHz);
  }

  uint64_t ticks() const { return ticks_; }
  uint64_t cycles() const { return cycles_; }
  bool busy() const { return !underWay_.empty(); }
  bool hasRoom(uint64_t address) { return system_->willAcceptTransaction(address); }

  void add(uint64_t address, bool isWrite, uint64_t tag) {
    underWay_.insert(std::make_pair(Key(address, isWrite), tag));
    if (!system_->addTransaction(isWrite, address)) fail("addTransaction(bool, address) refused a request");
  }

  // One CPU cycle. DRAMSim2 prints its statistics before every tick that begins an epoch.
  void update() {
    system_->update();
    ++cycles_;
    const uint64_t before = ticks_;
    countTicks();
    for (uint64_t at = (before + epochTicks_ - 1) / epochTicks_ * epochTicks_; at < ticks_; at += epochTicks_)
      printed(at);
    if (watts().size() != printTicks.size() * ranks_ * 4) fail("powers came at other times than at the epochs' ends");
    if (ticks_ - lastPrint_ >= kPrintTicks) print();
    if (!busy()) lastProgress_ = ticks_;
    if (ticks_ - lastProgress_ > kPatienceTicks) fail("requests wait, but none has completed for 2^24 ticks");
  }

  // Has the powers told up to now. At tick 0 there are none, and DRAMSim2's files are not open yet.
  void print() {
    if (ticks_ == lastPrint_) return;
    system_->printStats(false);
    printed(ticks_);
    if (watts().size() != printTicks.size() * ranks_ * 4) fail("printStats told the powers of other ranks");
  }

  // Until taken.
  std::vector<Completion> completions;
  std::vector<uint64_t> printTicks;
  static std::vector<double> &watts() {
    static std::vector<double> all;
    return all;
  }

 private:
  typedef std::pair<uint64_t, bool> Key;
  typedef DRAMSim::Callback<Memory, void, unsigned, uint64_t, uint64_t> Done;

  // So often that no accumulator can reach 2^49 between two prints, each tick adding less than 2^32 to it: up
  // to there powers give it back to the last bit (energy.py).
  static const uint64_t kPrintTicks = 1u << 17;
  static const uint64_t kPatienceTicks = 1u << 24;

  Memory(const Memory &);
  Memory &operator=(const Memory &);

  void countTicks() {
    if (dramHz_ == cpuHz_) {
      ++ticks_;
      return;
    }
    cpuCount_ += dramHz_;
    for (; dramCount_ < cpuCount_; dramCount_ += cpuHz_) ++ticks_;
    if (cpuCount_ == dramCount_) cpuCount_ = dramCount_ = 0;
  }

  void printed(uint64_t tick) {
    printTicks.push_back(tick);
    lastPrint_ = tick;
  }

  void readDone(unsigned, uint64_t address, uint64_t tick) { done(Key(address, false), tick); }
  void writeDone(unsigned, uint64_t address, uint64_t tick) { done(Key(address, true), tick); }

  // Requests of one address and kind complete in the order in which they were added.
  void done(const Key &key, uint64_t tick) {
    const std::multimap<Key, uint64_t>::iterator oldest = underWay_.lower_bound(key);
    if (oldest == underWay_.end() || oldest->first != key) fail("a callback came for a request that is not under way");
    const Completion completion = {oldest->second, tick};
    completions.push_back(completion);
    underWay_.erase(oldest);
    lastProgress_ = ticks_;
  }

  static void power(double background, double burst, double refresh, double actpre) {
    const double all[] = {background, burst, refresh, actpre};
    watts().insert(watts().end(), all, all + 4);
  }

  const uint64_t epochTicks_;
  const size_t ranks_;
  const uint64_t dramHz_, cpuHz_;
  DRAMSim::MultiChannelMemorySystem *const system_;
  Done readDone_, writeDone_;
  std::multimap<Key, uint64_t> underWay_;  // to tags, the oldest first
  uint64_t ticks_ = 0, cycles_ = 0, cpuCount_ = 0, dramCount_ = 0, lastPrint_ = 0, lastProgress_ = 0;
};

}  // namespace shim
