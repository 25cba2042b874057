// A host program of DRAMSim2: what an update() costs with nothing to do, and what requests cost it.
// Arguments: DEVICE SYSTEM UPDATES REQUESTS TICKS_BETWEEN. Prints nanoseconds of CPU: per idle update, per request.
#include <DRAMSim.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpuNs() { return (double)clock() / CLOCKS_PER_SEC * 1e9; }

class Host {
 public:
  Host() : completed(0) {}
  void done(unsigned, uint64_t, uint64_t) { ++completed; }
  long completed;
};

static DRAMSim::MultiChannelMemorySystem *open(char **argv) {
  return DRAMSim::getMemorySystemInstance(argv[1], argv[2], "", "benchmark", 2048);
}

static double idle(char **argv) {
  DRAMSim::MultiChannelMemorySystem *memory = open(argv);
  const long updates = atol(argv[3]);
  const double before = cpuNs();
  for (long i = 0; i < updates; ++i) memory->update();
  return (cpuNs() - before) / (double)updates;
}

static double busy(char **argv) {
  DRAMSim::MultiChannelMemorySystem *memory = open(argv);
  Host host;
  DRAMSim::Callback<Host, void, unsigned, uint64_t, uint64_t> done(&host, &Host::done);
  memory->RegisterCallbacks(&done, &done, NULL);
  const long requests = atol(argv[4]), between = atol(argv[5]);
  uint64_t random = 1;
  long added = 0;
  const double before = cpuNs();
  for (long tick = 0; host.completed < requests; ++tick) {
    while (added < requests && tick >= added * between) {
      const uint64_t address = between == 0 ? (uint64_t)added * 64 : (random >> 33) % (1u << 25) * 64;
      if (!memory->willAcceptTransaction(address)) break;
      memory->addTransaction(added % 3 == 2, address);
      random = random * 6364136223846793005ull + 1442695040888963407ull;
      ++added;
    }
    memory->update();
  }
  return (cpuNs() - before) / (double)requests;
}

int main(int, char **argv) {
  printf("%.2f %.1f\n", idle(argv), busy(argv));
  return 0;
}
