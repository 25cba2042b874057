// One channel: transaction queue, command queues, controller, ranks. The heart of the model.
//
// A tick in which nothing can change is never executed: after each executed tick the channel works
// out the next one that matters (`next()`), and background energy is integrated in closed form.
// channel.cpp holds the order of events within a tick, selection.cpp the choice of the command,
// effects.cpp what a command does to the banks, idle.cpp how idle stretches are passed over.
#pragma once

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <vector>

#include "dram/address_map.hpp"
#include "dram/bank.hpp"
#include "dram/config.hpp"
#include "dram/energy.hpp"
#include "dram/entries.hpp"
#include "dram/epoch_banks.hpp"
#include "dram/rank.hpp"
#include "dram/refresh_schedule.hpp"
#include "dram/round_robin.hpp"
#include "dram/statistics.hpp"
#include "dram/timing.hpp"

namespace scanfuse::dram {

// Two write bursts on the data bus at once (quirk Q8): the model ends there.
class BusCollision : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Requests wait but none can ever be served.
class NoProgress : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Told of each transaction when its column command issues; `done` lies in the future.
class CompletionListener {
 public:
  virtual ~CompletionListener() = default;
  virtual void served(std::uint64_t tag, Tick done) = 0;
};

struct RecordOptions {
  bool commands = false;
  bool epochs = false;
};

class Channel {
 public:
  Channel(const Config& config, std::uint32_t index, OwnerTable& owners, CompletionListener& listener,
          RecordOptions records);

  // Room in the transaction queue before tick now() executes.
  // In strict mode those in the overflow list come first (quirk Q6).
  bool hasRoom() const { return hasPlace() && (!strict_ || overflow_.empty()); }
  // Adds before tick now() executes. Without room it goes to the overflow list, which has no bound.
  void add(const Location& at, bool isWrite, std::uint64_t tag, std::uint32_t ownerSlot);

  Tick now() const { return now_; }    // ticks executed so far
  Tick next() const { return next_; }  // no tick before this one changes anything
  void runTo(Tick until);              // executes all ticks before `until`
  void runUntilRoom();                 // ... until a place in the transaction queue is free
  void runUntilDrained();              // ... until every transaction's column command has issued

  std::uint64_t pending() const { return pending_; }

  // Figures at tick now().
  const Rank& rank(std::uint32_t index);
  std::uint32_t numRanks() const { return numRanks_; }
  std::uint32_t numBanks() const { return numBanks_; }
  const BankCounters& bankCounters(std::uint32_t rank, std::uint32_t bank) const {
    return bankCounters_[rank * numBanks_ + bank];
  }
  const LatencyHistogram& latencies() const { return latencies_; }
  const std::vector<CommandRecord>& commands() const { return commands_; }
  const std::vector<EpochRecord>& epochs() const { return epochs_; }
  void closeEpoch();  // records the epoch under way, if a tick of it has passed

 private:
  struct CommandQueue {
    std::uint32_t used = 0;     // commands
    std::uint32_t waiting = 0;  // transactions in the transaction queue that belong here
  };
  struct RefreshStep {
    Command command = Command::Refresh;
    std::uint32_t bank = 0;
    Tick at = kNever;   // when to look again
    bool ready = false;  // the command can go out in the tick asked about
  };

  // channel.cpp: the order of events within a tick
  void tick(Tick now);
  void enqueue(std::int32_t index);
  void checkRefreshDue(Tick now);
  void selectCommand(Tick now);
  void moveTransaction();
  void place(std::int32_t index);
  void checkPowerStates(Tick now);
  void plan(Tick from);
  Tick nextPowerChange(const Rank& rank, Tick from) const;
  void recordEpochsTo(Tick until);
  void recordEpoch(Tick end);

  // idle.cpp: long stretches without requests
  void skipIdle(Tick until);
  bool settled() const;
  void runEvents(Tick until);

  // selection.cpp: which command
  bool takeRefreshStage(Tick now);
  bool takeNormalStage(Tick now);
  bool takeNormalPerRank(Tick now);
  bool takeNormalPerBank(Tick now);
  bool takePrechargeStage(Tick now);
  RefreshStep refreshStep(Tick now) const;
  RefreshStep strictRefreshStep(Tick now) const;
  bool hasPlace() const { return queued_ < queueDepth_; }
  void planRank(std::uint32_t index, Tick from);
  Tick readyAt(const Rank& rank, const Bank& bank) const;
  Tick activateFloor(const Rank& rank, const Bank& bank) const;
  void serve(std::uint32_t rank, std::uint32_t bank, Tick now);
  void advancePointer();

  // effects.cpp: what a command does
  void activate(std::uint32_t rank, std::uint32_t bank, Tick now);
  void accessColumn(std::uint32_t rank, std::uint32_t bank, Tick now);
  void constrainColumns(std::uint32_t rank, Tick read, Tick write, Tick otherRead, Tick otherWrite, Tick now);
  void precharge(std::uint32_t rank, std::uint32_t bank, Tick now);
  void refresh(std::uint32_t rank, Tick now);
  void finishTransaction(Entry& entry, Tick now);
  void chooseAction(Rank& rank, Bank& bank);
  void want(Bank& bank, std::int32_t index);
  void note(Command command, Tick now, std::uint32_t rank, std::uint32_t bank, std::uint32_t row,
            std::uint32_t column);

  Bank& bankAt(std::uint32_t rank, std::uint32_t bank) { return banks_[rank * numBanks_ + bank]; }
  const Bank& bankAt(std::uint32_t rank, std::uint32_t bank) const { return banks_[rank * numBanks_ + bank]; }
  CommandQueue& queueOf(const Entry& entry) {
    return queues_[perBank_ ? entry.rank * numBanks_ + entry.bank : entry.rank];
  }
  bool movable(const CommandQueue& queue) const { return queue.waiting != 0 && queue.used + 2 <= commandDepth_; }

  const Timing timing_;
  const EnergySteps steps_;
  const bool strict_, openPage_, perBank_, lowPower_;
  const bool advanceByPairs_, stayAfterActivate_;  // with AL>0: quirk Q13, and what strict mode has for it
  const bool rankWideActivateGap_;
  const std::uint32_t numRanks_, numBanks_, queueDepth_, hitCap_, epochLength_, index_;
  const std::uint64_t commandDepth_;
  const RoundRobin roundRobin_;
  const RecordOptions records_;
  const Tick patience_;

  std::vector<Rank> ranks_;
  std::vector<Bank> banks_;
  std::vector<CommandQueue> queues_;
  EntryPool pool_;
  EntryList waiting_;  // transaction queue
  std::deque<std::int32_t> overflow_;

  Tick now_ = 0, next_ = 0;
  std::uint32_t queued_ = 0;         // in the transaction queue
  std::uint32_t movableQueues_ = 0;  // command queues with room that transactions wait for
  std::uint64_t placed_ = 0;         // in command queues
  std::uint64_t pending_ = 0;        // added, column command not issued
  std::uint64_t order_ = 0;

  RefreshSchedule refresh_;
  Pointer visit_;           // round robin of the normal stage
  Pointer closing_;         // round robin of the precharge stage
  bool pairFinished_ = true;  // with AL>0 the pointer advances after every second command (Q13)

  Tick commandBusFree_ = 0;  // only where tCMD is more than one tick
  Tick lastWrite_ = kNever;
  Tick collisionAt_ = kNever;
  Tick lastProgress_ = 0;

  OwnerTable& owners_;
  CompletionListener& listener_;
  std::vector<BankCounters> bankCounters_;
  LatencyHistogram latencies_;
  std::vector<CommandRecord> commands_;
  std::vector<EpochRecord> epochs_;
  EpochBanks epochBanks_;
  Tick epochEnd_ = kNever, epochBegan_ = 0;
};

}  // namespace scanfuse::dram
