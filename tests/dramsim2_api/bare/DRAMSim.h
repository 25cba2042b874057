// As little as a DRAMSim2 has to declare in public: no constructor, no destructor, no default but one.
#ifndef BARE_DRAMSIM_H
#define BARE_DRAMSIM_H

#include <string>

#include "Callback.h"

using std::string;

namespace DRAMSim {

class MultiChannelMemorySystem {
 public:
  bool addTransaction(bool isWrite, uint64_t addr);
  bool willAcceptTransaction();
  bool willAcceptTransaction(uint64_t addr);
  void setCPUClockSpeed(uint64_t cpuClkFreqHz);
  void update();
  void printStats(bool finalStats);
  void RegisterCallbacks(TransactionCompleteCB *readDone, TransactionCompleteCB *writeDone,
                         void (*reportPower)(double bgpower, double burstpower, double refreshpower,
                                             double actprepower));
};

MultiChannelMemorySystem *getMemorySystemInstance(const string &dev, const string &sys, const string &pwd,
                                                  const string &trc, unsigned megsOfMemory,
                                                  std::string *visfilename = NULL);

}  // namespace DRAMSim

#endif
