// A library with DRAMSim2's interface and hardly a memory behind it: one request at a time, 20 ticks each, at
// two ranks that draw nothing. The environment variable BARE has it misbehave from tick 300 on.
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <utility>

#include "DRAMSim.h"

namespace DRAMSim {
namespace {

const unsigned kRanks = 2, kEpochTicks = 100000, kRoom = 32;
std::deque<std::pair<bool, uint64_t> > requests;
uint64_t now = 0, startedAt = 0;
TransactionCompleteCB *readDone, *writeDone;
void (*reportPower)(double, double, double, double);

void misbehave(const string &how) {
  if (how == "print") {
    for (int i = 0; i < 1000; ++i) std::cout << string(1000, 'x') << "\n";
    std::cerr << "ERROR: not really" << std::endl;
  }
  if (how == "exit") {
    std::cerr << "== Error - the bare library has had enough\n";
    std::exit(0);
  }
  if (how == "crash") raise(SIGSEGV);
  if (how == "hang") {
    std::ofstream("hanging") << "for ever\n";
    for (;;) sleep(1);
  }
  if (how == "stranger") (*readDone)(0, 12345, now);
  if (how == "power") reportPower(0.125, 0.5, 0, 0);
}

}  // namespace

bool MultiChannelMemorySystem::addTransaction(bool isWrite, uint64_t addr) {
  if (requests.empty()) startedAt = now;
  requests.push_back(std::make_pair(isWrite, addr));
  return true;
}

bool MultiChannelMemorySystem::willAcceptTransaction() { return requests.size() < kRoom; }
bool MultiChannelMemorySystem::willAcceptTransaction(uint64_t) { return requests.size() < kRoom; }
void MultiChannelMemorySystem::setCPUClockSpeed(uint64_t) {}

void MultiChannelMemorySystem::update() {
  const char *how = std::getenv("BARE");
  if (now % kEpochTicks == 0) printStats(false);
  if (now == 300 && how) misbehave(how);
  if (!requests.empty() && now == startedAt + 20) {
    (requests.front().first ? *writeDone : *readDone)(0, requests.front().second, now);
    requests.pop_front();
    startedAt = now;
  }
  ++now;
}

void MultiChannelMemorySystem::printStats(bool) {
  for (unsigned rank = 0; rank < kRanks; ++rank) reportPower(0, 0, 0, 0);
}

void MultiChannelMemorySystem::RegisterCallbacks(TransactionCompleteCB *read, TransactionCompleteCB *write,
                                                 void (*power)(double, double, double, double)) {
  readDone = read;
  writeDone = write;
  reportPower = power;
}

MultiChannelMemorySystem *getMemorySystemInstance(const string &dev, const string &, const string &, const string &,
                                                  unsigned, std::string *) {
  std::cout << "== Loading device model file '" << dev << "' ==" << std::endl;
  return new MultiChannelMemorySystem;
}

}  // namespace DRAMSim
