#include "core.hpp"

#include <algorithm>
#include <atomic>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace DRAMSim {
namespace {

namespace dram = scanfuse::dram;

std::atomic<powerCallBack_t> reportPower{nullptr};

}  // namespace

// Marks that a tick is being executed, and counts it at the end even if a callback throws.
class MultiChannelMemorySystem::Core::InTick {
 public:
  explicit InTick(Core& core) : core_(core) {
    if (core.inTick_) throw std::logic_error("update() called from a callback");
    core.inTick_ = true;
    core.executing_ = 0;
    core.executed_ = false;
  }
  ~InTick() {
    core_.inTick_ = false;
    ++core_.now_;
    core_.renewDue();
  }

 private:
  Core& core_;
};

MultiChannelMemorySystem::Core::Core(scanfuse::settings::Settings settings,
                                     const scanfuse::dramsim2_api::Names& names)
    : settings_(std::move(settings)),
      system_(settings_.config(), *this, {settings_.flag("VERIFICATION_OUTPUT"), false}),
      outputs_(settings_, names) {
  lanes_.reserve(system_.channels().size());
  for (dram::Channel& channel : system_.channels())
    lanes_.emplace_back(channel, static_cast<std::uint32_t>(lanes_.size()), system_.config());
  dramHz_ = static_cast<std::uint64_t>(1.0 / (static_cast<double>(system_.config().tCK) * 1e-9));
  cpuHz_ = dramHz_;
  system_.owners().slot(0);
}

MultiChannelMemorySystem::Core::~Core() {
  try {
    for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].runTo(now_);
    outputs_.commands(lanes_, now_);
    outputs_.flush();
  } catch (...) {  // a collision in ticks nobody has looked at; nobody is left to tell
  }
}

void MultiChannelMemorySystem::Core::setCpuHz(std::uint64_t hz) {
  dramHz_ = static_cast<std::uint64_t>(1.0 / (static_cast<double>(system_.config().tCK) * 1e-9));
  cpuHz_ = hz == 0 ? dramHz_ : hz;
}

void MultiChannelMemorySystem::Core::setPowerCallback(powerCallBack_t report) { reportPower = report; }

// Ticks that a channel has executed.
MultiChannelMemorySystem::Core::Tick MultiChannelMemorySystem::Core::clockOf(std::size_t channel) const {
  if (!inTick_) return now_;
  const bool done = channel < executing_ || (channel == executing_ && executed_);
  return done ? now_ + 1 : now_;
}

MultiChannelMemorySystem::Core::Lane& MultiChannelMemorySystem::Core::current(std::size_t channel) {
  Lane& lane = lanes_[channel];
  lane.runTo(clockOf(channel));
  return lane;
}

bool MultiChannelMemorySystem::Core::add(bool isWrite, std::uint64_t address, Transaction* transaction, bool mayWait) {
  Request request;
  request.address = address;
  request.isWrite = isWrite;
  request.at = system_.map().locate(address);
  Lane& lane = current(request.at.channel);
  if (!mayWait && !lane.hasRoom()) return false;
  request.transaction = transaction;
  // A channel's own clock moves on only after its read callback.
  const bool ownTick = inTick_ && request.at.channel == executing_;
  lane.add(request, ownTick ? now_ : clockOf(request.at.channel));
  due_ = std::min(due_, lane.due());
  return true;
}

bool MultiChannelMemorySystem::Core::hasRoom() {
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (!current(i).hasRoom()) return false;
  return true;
}

bool MultiChannelMemorySystem::Core::hasRoom(std::uint64_t address) {
  return current(system_.map().locate(address).channel).hasRoom();
}

void MultiChannelMemorySystem::Core::renewDue() {
  due_ = nextEpoch_;
  for (const Lane& lane : lanes_) due_ = std::min(due_, lane.due());
}

void MultiChannelMemorySystem::Core::runTick() {
  const InTick guard(*this);
  if (now_ == 0) outputs_.open();
  if (now_ == nextEpoch_) {
    nextEpoch_ += system_.config().EPOCH_LENGTH;
    report(false);
  }
  for (; executing_ < lanes_.size(); ++executing_) {
    if (lanes_[executing_].due() <= now_) complete(executing_);
  }
}

// The write callback comes before the transaction queue is looked at, the read callback at the end.
void MultiChannelMemorySystem::Core::complete(std::size_t channel) {
  Lane& lane = lanes_[channel];
  executed_ = false;
  lane.runTo(now_);
  lane.admitOne(now_);
  Request request;
  while (lane.takeWrite(now_, request)) hand(writeDone_, channel, request);
  executed_ = true;
  while (lane.takeRead(now_, request)) {
    lane.runTo(now_ + 1);  // a collision in this tick comes before the callback
    hand(readDone_, channel, request);
  }
  executed_ = false;
  lane.renewDue();
}

void MultiChannelMemorySystem::Core::hand(TransactionCompleteCB* callback, std::size_t channel,
                                          const Request& request) {
  delete request.transaction;
  if (callback) (*callback)(static_cast<unsigned>(channel), request.address, now_);
}

void MultiChannelMemorySystem::Core::served(std::uint64_t tag, Tick done) {
  lanes_[Lane::channelOf(tag)].served(tag, done);
}

void MultiChannelMemorySystem::Core::report(bool last) {
  dram::VisWriter* vis = now_ != 0 ? outputs_.vis() : nullptr;  // the print at tick 0 leaves no line
  std::ostringstream text;
  text << std::fixed;
  text.precision(3);
  if (vis) vis->beginLine(now_);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = current(i);
    const dram::ChannelFigures figures = lane.takeFigures(clockOf(i));
    const dram::EpochValues values(system_.config(), now_);
    describe(text, i, figures, now_);
    if (vis) vis->channel(now_, figures);
    if (last) {
      if (vis) vis->histogram(lane.latencies());
      text << "   read latencies in ticks\n";
      for (const auto& [bin, count] : lane.latencies().bins())
        text << "     [" << bin << '-' << bin + 9 << "] : " << count << '\n';
    }
    for (const dram::Energy& rank : figures.ranks) {
      const dram::Watts watts = values.power(rank);
      if (const powerCallBack_t told = reportPower) told(watts.background, watts.burst, watts.refresh, watts.actpre);
    }
  }
  if (vis) vis->endLine();
  outputs_.text(text.str());
  outputs_.commands(lanes_, now_);
}

void MultiChannelMemorySystem::Core::describe(std::ostream& out, std::size_t channel,
                                              const dram::ChannelFigures& figures, Tick now) const {
  const dram::EpochValues values(system_.config(), now);
  const std::size_t banks = system_.config().NUM_BANKS;
  const Lane& lane = lanes_[channel];
  double aggregate = 0;
  for (const dram::BankCounters& bank : figures.banks) aggregate += values.bandwidth(bank);
  out << "channel " << channel << " at tick " << now << '\n'
      << " transactions since the start " << lane.bursts() << " (" << lane.bursts() * values.burstBytes()
      << " bytes), aggregate bandwidth " << aggregate << " GB/s\n";
  for (std::size_t r = 0; r < figures.ranks.size(); ++r) {
    const auto first = figures.banks.begin() + static_cast<std::ptrdiff_t>(r * banks);
    std::uint64_t reads = 0, writes = 0;
    for (auto bank = first; bank != first + static_cast<std::ptrdiff_t>(banks); ++bank) {
      reads += bank->reads;
      writes += bank->writes;
    }
    out << "  rank " << r << ": reads " << reads << " (" << reads * values.burstBytes() << " bytes), writes " << writes
        << " (" << writes * values.burstBytes() << " bytes)\n";
    for (std::size_t b = 0; b < banks; ++b) {
      const dram::BankCounters& bank = figures.banks[r * banks + b];
      out << "   bank " << b << ": " << values.bandwidth(bank) << " GB/s, mean latency ";
      if (bank.reads == 0) {
        out << "-nan";
      } else {
        out << values.latency(bank);
      }
      out << " ns\n";
    }
    const dram::Watts watts = values.power(figures.ranks[r]);
    out << "   power in watts: average " << watts.total << ", background " << watts.background << ", act/pre "
        << watts.actpre << ", burst " << watts.burst << ", refresh " << watts.refresh << '\n';
  }
  out << " reads not returned " << lane.unreturnedReads() << ", tick " << now << "\n";
}

}  // namespace DRAMSim
