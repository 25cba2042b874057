// One channel under DRAMSim2's interface: the list in front of its transaction queue, the requests whose
// completion is known but lies ahead, and the counts of the epoch under way.
//
// The engine's channel is run only as far as somebody looks. What it has found out reaches further: a
// request that it has not served by tick t cannot complete before t plus the shortest latency. So between
// `due()` ticks nothing needs to be done.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "Transaction.h"
#include "dram/channel.hpp"
#include "dram/epoch_values.hpp"

namespace scanfuse::dramsim2_api {

using dram::Tick;

struct Request {
  std::uint64_t address = 0;
  DRAMSim::Transaction* transaction = nullptr;  // ours, if it came as one
  dram::Location at;
  Tick added = 0;  // entered the transaction queue
  bool isWrite = false;
};

class Lane {
 public:
  Lane(dram::Channel& channel, std::uint32_t index, const dram::Config& config);
  Lane(Lane&&) = default;
  ~Lane();

  // Brings the channel to the start of tick `until`.
  void runTo(Tick until);
  // In tick `tick`, before which the channel stands: one request may leave the list in front of the queue.
  void admitOne(Tick tick);
  bool hasRoom() const { return channel_.hasRoom(); }
  // Into the queue, stamped `stamp`, or without room onto the list.
  void add(const Request& request, Tick stamp);
  // The engine tells when a request completes.
  void served(std::uint64_t tag, Tick done);
  static std::size_t channelOf(std::uint64_t tag) { return tag >> kSlotBits; }

  // The first tick in which there may be a completion.
  Tick due() const { return due_; }
  void renewDue();
  // Counts a completion of tick `tick`, if there is one, and hands the request out.
  bool takeWrite(Tick tick, Request& request);
  bool takeRead(Tick tick, Request& request);

  // The counts since the last time, of what happened before tick `now`, to which the channel is run.
  dram::ChannelFigures takeFigures(Tick now);
  std::uint64_t bursts() const { return bursts_; }  // since the start, to the last `takeFigures`
  const dram::LatencyHistogram& latencies() const { return latencies_; }
  std::uint64_t unreturnedReads() const { return unreturnedReads_; }
  const std::vector<dram::CommandRecord>& commands() const { return channel_.commands(); }

 private:
  struct Done {
    std::uint64_t slot = 0;
    Tick tick = 0;
  };
  static constexpr int kSlotBits = 40;  // a tag of the engine is channel and slot
  std::uint64_t store(const Request& request);
  Request release(std::uint64_t slot);
  void enter(std::uint64_t slot, Tick stamp);
  void countWrites(Tick before);
  dram::BankCounters& bankOf(const Request& request) {
    return banks_[request.at.rank * channel_.numBanks() + request.at.bank];
  }

  dram::Channel& channel_;
  const std::uint64_t index_;
  const Tick burst_, shortest_;  // data on the bus; from a command to its completion, at least
  std::vector<Request> slots_;
  std::vector<std::uint64_t> free_;
  std::deque<std::uint64_t> list_;
  Tick admitted_ = 0;  // in all ticks before this one the list has been looked at
  std::deque<Done> reads_, writes_;
  std::size_t writesCounted_ = 0;  // of those in writes_, from the front
  Tick due_ = dram::kNever;

  std::vector<dram::BankCounters> banks_;
  std::vector<dram::Energy> past_;
  dram::LatencyHistogram latencies_;
  std::uint64_t bursts_ = 0, unreturnedReads_ = 0;
};

}  // namespace scanfuse::dramsim2_api
