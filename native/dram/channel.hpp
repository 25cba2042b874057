// One channel: transaction queue, command queues, controller, ranks. The heart of the model.
//
// A tick in which nothing can change is never executed: after each executed tick the channel works
// out the next one that matters (`next()`), and background energy is integrated in closed form.
// tick.cpp holds the order of events within a tick, selection.hpp the choice of the command, effects.hpp
// what a command does to the banks (these three are compiled once for each usual combination of policies),
// refresh_stage.cpp what a refresh that is due waits for, idle.cpp how idle stretches are passed over.
#pragma once

#include <algorithm>
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
#include "dram/policy.hpp"
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

// Requests of one owner for one channel, in order.
struct RequestRun {
  const std::int64_t* cycles = nullptr;  // ticks
  const std::uint64_t* addresses = nullptr;
  const bool* isWrite = nullptr;
  std::int64_t* accepted = nullptr;  // to be filled in: ticks
  std::size_t size = 0;
  std::uint64_t firstTag = 0;  // they are numbered from here on
  std::uint32_t ownerSlot = 0;
};

struct RecordOptions {
  bool commands = false;
  bool epochs = false;
};

class Channel {
 public:
  Channel(const Config& config, std::uint32_t index, OwnerTable& owners, CompletionListener& listener,
          RecordOptions records);
  Channel(const Channel&) = delete;
  Channel(Channel&&) = default;

  // Room in the transaction queue before tick now() executes.
  bool hasRoom() const { return queued_ < roomBelow_; }
  // Adds before tick now() executes. Without room it goes to the overflow list, which has no bound.
  void add(const Location& at, bool isWrite, std::uint64_t tag, std::uint32_t ownerSlot);

  // Runs and adds them in order, each at its cycle or later when there is room, up to the last. For systems of one
  // channel.
  void addAll(const RequestRun& run, const AddressMap& map) { (this->*policy_.addAll)(run, map); }

  Tick now() const { return now_; }    // ticks executed so far
  Tick next() const { return next_; }  // no tick before this one changes anything
  // Executes all ticks before `until`.
  void runTo(Tick until) {
    if (until > next_ || until > epochEnd_) {
      runEvents(until);
    } else if (until > now_) {
      now_ = until;
    }
  }
  // ... until a place in the transaction queue is free.
  void runUntilRoom() { (this->*policy_.run)(kNever, Stop::WithRoom); }
  // ... until every transaction's column command has issued.
  void runUntilDrained() { (this->*policy_.run)(kNever, Stop::Drained); }

  // Added, column command not issued.
  std::uint64_t pending() const { return queued_ + overflow_.size() + placed(); }

  // Figures at tick now().
  RankFigures rank(std::uint32_t index);
  std::uint32_t numRanks() const { return numRanks_; }
  std::uint32_t numBanks() const { return numBanks_; }
  const BankCounters& bankCounters(std::uint32_t rank, std::uint32_t bank) const {
    return bankAt(rank, bank).counters;
  }
  const LatencyHistogram& latencies() const { return latencies_; }
  const std::vector<CommandRecord>& commands() const { return commands_; }
  const std::vector<EpochRecord>& epochs() const { return epochs_; }
  void closeEpoch();  // records the epoch under way, if a tick of it has passed

 private:
  struct CommandQueue {
    std::uint64_t used = 0;  // commands
    EntryList waiting;       // transactions in the transaction queue that belong here
    bool movable = false;    // some wait and there is room: it is in the list of those
  };
  struct RefreshStep {
    Command command = Command::Refresh;
    std::uint32_t bank = 0;
    Tick at = kNever;    // when to look again
    bool ready = false;  // the command can go out in the tick asked about
  };
  enum class Stop : std::uint8_t { AtTime, WithRoom, Drained };
  // The inner loops of a policy.
  struct Loops {
    void (Channel::*run)(Tick until, Stop stop);
    void (Channel::*addAll)(const RequestRun& run, const AddressMap& map);
  };

  // What the inner loop asks of its policy.
  template <class P>
  bool strict() const {
    if constexpr (P::fixed) return false;
    else return strict_;
  }
  template <class P>
  bool openPage() const {
    if constexpr (P::fixed) return P::openPage;
    else return openPage_;
  }
  template <class P>
  bool perBank() const {
    if constexpr (P::fixed) return P::perBank;
    else return perBank_;
  }
  template <class P>
  std::uint32_t numRanks() const {
    if constexpr (P::fixed) return P::oneRank ? 1 : numRanks_;
    else return numRanks_;
  }

  template <class P>
  bool oneQueue() const {
    if constexpr (P::fixed) return P::oneRank && !P::perBank;
    else return false;
  }

  // channel.cpp
  SCANFUSE_COLD void pushOverflow(Entry& entry);
  void popOverflow();
  RankFigures figuresOf(std::uint32_t index) const;
  void recordEpochsTo(Tick until);
  void recordEpoch(Tick end);

  // tick.cpp: the order of events within a tick
  Loops chooseLoops() const;
  template <class P>
  static constexpr Loops loopsOf() {
    return {&Channel::run<P>, &Channel::addEach<P>};
  }
  template <class P>
  void run(Tick until, Stop stop);
  template <class P>
  void addEach(const RequestRun& run, const AddressMap& map);
  template <class P>
  Entry& newEntry(const Location& at, bool isWrite, std::uint64_t tag, std::uint32_t ownerSlot);
  void enqueue(Entry& entry, bool oneQueue);
  template <class P>
  void tick(Tick now);
  template <class P>
  bool serveAlone(Tick until);
  SCANFUSE_COLD void meetAlarm(Tick now);
  SCANFUSE_COLD void admitOverflow(Tick now);
  void raiseAlarm(Tick at) {
    alarm_ = std::min(alarm_, collisionAt_ = at);
    quietUntil_ = 0;
  }
  void checkRefreshDue(Tick now);
  SCANFUSE_COLD void fallDue(Tick now);
  Entry& takeOldestMovable();
  template <class P>
  void moveTransaction();
  template <class P>
  void checkPowerStates(Tick now, bool quiet);
  void enterPowerDown(Rank& rank, Tick now);
  void leavePowerDown(Rank& rank, Tick now);
  template <class P>
  void plan(Tick from);
  void planNext(Tick from);
  SCANFUSE_COLD Tick planAmidEvents(Tick from);
  bool reached(Stop stop) const {
    return stop == Stop::WithRoom ? hasRoom() : stop == Stop::Drained && pending() == 0;
  }

  // idle.cpp: long stretches without requests
  void skipIdle(Tick until);
  bool settled() const;
  void runEvents(Tick until);
  void runTicks(Tick until);

  // selection.hpp: which command
  template <class P>
  void selectCommand(Tick now);
  template <class P>
  bool takeRefreshStage(Tick now);
  template <class P>
  void selectAmidRefresh(Tick now);
  template <class P, class Free>
  bool takeNormalPerRank(Tick now, Free free);
  template <class P, class Free>
  bool takeNormalPerBank(Tick now, Free free);
  template <class P>
  bool takePrechargeStage(Tick now);
  template <class P>
  void serve(Rank& rank, Bank& bank, Tick now);
  template <class P>
  void advancePointer();
  void stepPointer();

  // refresh_stage.cpp
  RefreshStep refreshStep(Tick now) const;
  RefreshStep strictRefreshStep(Tick now) const;
  static Tick readyAt(const Rank& rank, const Bank& bank);

  // effects.hpp: what a command does
  template <class P>
  void activate(Rank& rank, Bank& bank, Tick now);
  template <class P>
  void accessColumn(Rank& rank, Bank& bank, Tick now);
  template <class P>
  void precharge(Rank& rank, Bank& bank, Tick now);
  void refresh(Rank& rank, Tick now);
  template <class P>
  void constrainColumns(Rank& rank, Tick read, Tick write);
  SCANFUSE_COLD void constrainOtherRanks(const Rank& own, Tick read, Tick write, Tick now);
  template <class Chosen>
  void constrainBanks(Rank& rank, Tick read, Tick write, Chosen chosen);
  template <class P>
  void finishTransaction(const Entry& entry, Bank& bank, Tick now);
  template <class P>
  void chooseAction(Rank& rank, Bank& bank);
  template <class P>
  void await(Rank& rank, Bank& bank, Action action);
  void leave(Rank& rank, Bank& bank, Action action);
  void renew(Rank& rank, Action action);
  template <class P>
  void takeFromQueue(const Bank& bank, std::uint32_t commands);
  template <class P>
  bool canMove() const;
  template <class P>
  void noteOf(const Bank& bank, Command command, const Entry& entry, Tick now) {
    if (!P::fixed) note(command, now, bank.rank, bank.index, entry.row, entry.column);
  }
  void note(Command command, Tick now, std::uint32_t rank, std::uint32_t bank, std::uint32_t row,
            std::uint32_t column) {
    if (records_.commands || timing_.tCMD > 1) record(command, now, rank, bank, row, column);
  }
  SCANFUSE_COLD void recordBurst(const Entry& entry, Tick done);
  SCANFUSE_COLD void record(Command command, Tick now, std::uint32_t rank, std::uint32_t bank, std::uint32_t row,
                             std::uint32_t column);

  bool hasPlace() const { return queued_ < queueDepth_; }
  void renewMovable(CommandQueue& queue) {
    if (!queue.movable && queue.used < usedBelow_ && queue.waiting.head != nullptr) {
      queue.movable = true;
      movable_.push_back(&queue);
    }
  }
  std::uint64_t placed() const;  // transactions in command queues
  static Tick activateFloor(const Rank& rank, const Bank& bank) {
    return std::max(bank.at(Action::Activate), rank.activateGap);
  }
  static Tick readyFor(const Bank& bank, Action action) { return std::max(bank.at(action), bank.idleAt); }
  Bank& bankAt(std::uint32_t rank, std::uint32_t bank) { return banks_[(rank << bankBits_) + bank]; }
  const Bank& bankAt(std::uint32_t rank, std::uint32_t bank) const { return banks_[(rank << bankBits_) + bank]; }
  Bank* banksOf(const Rank& rank) { return &bankAt(rank.index, 0); }

  const Timing timing_;
  const EnergySteps steps_;
  const RecordOptions records_;
  const bool strict_, openPage_, perBank_, lowPower_;
  const bool advanceByPairs_, stayAfterActivate_;  // with AL>0: quirk Q13, and what strict mode has for it
  const bool rankWideActivateGap_;
  const std::uint32_t numRanks_, numBanks_, bankBits_, queueDepth_, hitCap_, epochLength_, index_;
  const std::uint64_t commandDepth_;
  const RoundRobin roundRobin_;
  // Whether column commands are kept apart by one time for all banks of a rank, which is the same wherever no
  // bank could go sooner anyway; else bank by bank.
  const bool ownByRank_, otherByRank_;
  const bool exitMayLower_;  // the earliest activate of a bank, when its rank wakes up
  const Tick patience_;
  const Tick longIdle_;  // from this many ticks on it pays to look for a repeating pattern
  const bool anyPolicy_;
  const bool oneQueue_;  // as the inner loop sees it
  const Loops policy_;

  std::vector<Rank> ranks_;
  std::vector<Bank> banks_;
  std::vector<CommandQueue> queues_;
  EntryPool pool_;
  EntryList waiting_;  // transaction queue, if there is but one command queue
  std::vector<CommandQueue*> movable_;  // else those command queues that could take one
  std::deque<Entry*> overflow_;

  Tick now_ = 0, next_ = 0;
  Tick alarm_ = kNever;              // the epoch's end or a collision
  Tick quietUntil_ = 0;              // before this tick no refresh is due or waits, no rank sleeps, nothing overflows
  std::uint32_t queued_ = 0;         // in the transaction queue
  std::uint32_t roomBelow_;          // there is room while fewer are queued
  std::uint64_t used_ = 0, usedBelow_;  // commands in the one queue; any takes a transaction while it has fewer
  std::uint64_t order_ = 0;          // transactions that have entered a command queue
  std::uint64_t arrivals_ = 0;       // and the transaction queue, if there are several command queues

  RefreshSchedule refresh_;
  Pointer visit_;           // round robin of the normal stage
  Pointer closing_;         // round robin of the precharge stage
  bool pairFinished_ = true;  // with AL>0 the pointer advances after every second command (Q13)

  Tick commandBusFree_ = 0;  // only where tCMD is more than one tick
  Tick lastWrite_ = kNever;
  Tick collisionAt_ = kNever;
  Tick progressAt_ = 0;         // no column command has issued since, though some wait
  std::uint64_t progress_ = 0;  // how many had by then

  OwnerTable& owners_;
  CompletionListener& listener_;
  LatencyHistogram latencies_;
  std::vector<CommandRecord> commands_;
  std::vector<EpochRecord> epochs_;
  EpochBanks epochBanks_;
  Tick epochEnd_ = kNever, epochBegan_ = 0;
};

}  // namespace scanfuse::dram
