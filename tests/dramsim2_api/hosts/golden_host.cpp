// A host program as others write them: feeds the requests of a file to DRAMSim2 and prints what it is told.
//
// Standard input: DEVICE SYSTEM MEGS VIS / OFFER PER_CYCLE CPU_HZ EXTRA / number of overrides, KEY VALUE each /
// number of requests, CYCLE ADDRESS FLAGS each (1: write, 2: without asking for room).
#include <DRAMSim.h>
#include <MultiChannelMemorySystem.h>
#include <stdint.h>
#include <stdio.h>

#include <iostream>
#include <string>
#include <vector>

using namespace DRAMSim;

struct Request {
  uint64_t cycle, address;
  unsigned flags;
};

static void power(double background, double burst, double refresh, double actpre) {
  printf("P %a %a %a %a\n", background, burst, refresh, actpre);
}

class Host {
 public:
  Host() : completed(0) {}
  void readDone(unsigned channel, uint64_t address, uint64_t tick) { done('R', channel, address, tick); }
  void writeDone(unsigned channel, uint64_t address, uint64_t tick) { done('W', channel, address, tick); }
  size_t completed;

 private:
  void done(char kind, unsigned channel, uint64_t address, uint64_t tick) {
    ++completed;
    printf("C %c %u %llu %llu\n", kind, channel, (unsigned long long)address, (unsigned long long)tick);
  }
};

static bool offer(MultiChannelMemorySystem &memory, const std::string &how, const Request &request) {
  const bool write = (request.flags & 1) != 0;
  if (how == "pend" || (how == "accept" && (request.flags & 2))) return memory.addTransaction(write, request.address);
  if (how == "trace") {  // the forms that refuse
    Transaction *made = new Transaction(write ? DATA_WRITE : DATA_READ, request.address, NULL);
    const bool taken = write ? memory.addTransaction(made) : memory.addTransaction(*made);
    if (!taken || !write) delete made;
    return taken;
  }
  return memory.willAcceptTransaction(request.address) && memory.addTransaction(write, request.address);
}

int main() {
  std::string device, system, vis, how;
  unsigned megs, perCycle;
  uint64_t cpuHz, extra;
  size_t count;
  std::cin >> device >> system >> megs >> vis >> how >> perCycle >> cpuHz >> extra;
  IniReader::OverrideMap overrides;
  for (std::cin >> count; count != 0; --count) {
    std::string key;
    std::cin >> key;
    std::cin >> overrides[key];
  }
  std::cin >> count;
  std::vector<Request> requests(count);
  for (size_t i = 0; i < count; ++i) std::cin >> requests[i].cycle >> requests[i].address >> requests[i].flags;

  MultiChannelMemorySystem *memory =
      overrides.empty() ? getMemorySystemInstance(device, system, "", "golden", megs, &vis)
                        : new MultiChannelMemorySystem(device, system, "", "golden", megs, &vis, &overrides);
  Host host;
  Callback<Host, void, unsigned, uint64_t, uint64_t> read(&host, &Host::readDone), write(&host, &Host::writeDone);
  memory->RegisterCallbacks(&read, &write, power);
  if (cpuHz != 0) memory->setCPUClockSpeed(cpuHz);

  size_t next = 0;
  uint64_t cycle = 0;
  for (; host.completed < requests.size(); ++cycle) {
    for (unsigned offered = 0; next < requests.size() && requests[next].cycle <= cycle; ++next, ++offered) {
      if ((perCycle != 0 && offered == perCycle) || !offer(*memory, how, requests[next])) break;
      printf("A %llu\n", (unsigned long long)cycle);
    }
    memory->update();
  }
  for (uint64_t end = cycle + extra; cycle < end; ++cycle) memory->update();
  memory->printStats(true);
  printf("E %llu\n", (unsigned long long)cycle);
  delete memory;
  return 0;
}
