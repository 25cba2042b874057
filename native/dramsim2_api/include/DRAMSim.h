// DRAMSim2's public interface on scanfuse's engine: the same callbacks in the same ticks.
//
// Where DRAMSim2 prints an error and exits, this throws: std::invalid_argument for settings that cannot be
// (file, line, key, what is allowed), std::runtime_error for files that cannot be read or written and for
// two write bursts that collide on the data bus, std::out_of_range for an address on a channel that is not
// there. Unlike there, systems with different settings can live in one process. One system is for one
// thread at a time.
#ifndef SCANFUSE_DRAMSIM2_DRAMSIM_H
#define SCANFUSE_DRAMSIM2_DRAMSIM_H

#include <stdint.h>

#include <ostream>
#include <string>

#include "Callback.h"
#include "IniReader.h"
#include "Transaction.h"

#if defined(_WIN32)
#define SCANFUSE_DRAMSIM2_PUBLIC
#define SCANFUSE_DRAMSIM2_HIDDEN
#else
#define SCANFUSE_DRAMSIM2_HIDDEN __attribute__((visibility("hidden")))
#define SCANFUSE_DRAMSIM2_PUBLIC __attribute__((visibility("default")))
#endif

namespace DRAMSim {

// Background, burst, refresh, activate-precharge power of a rank in watts.
typedef void (*powerCallBack_t)(double, double, double, double);

class SCANFUSE_DRAMSIM2_PUBLIC MultiChannelMemorySystem {
 public:
  // Device and system file, a folder before relative paths ("" for none), a name for the results folder,
  // megabytes in all. `visFilename`: the .vis file's name without the suffix, in place of results/...
  MultiChannelMemorySystem(const std::string &deviceIniFilename, const std::string &systemIniFilename,
                           const std::string &pwd, const std::string &traceFilename, unsigned megsOfMemory,
                           std::string *visFilename = 0, const IniReader::OverrideMap *paramOverrides = 0);
  virtual ~MultiChannelMemorySystem();

  // Never refuses: without room in its channel's transaction queue it joins a list in front of it.
  bool addTransaction(bool isWrite, uint64_t addr);
  // Refuse without room. Once taken, the transaction is the system's to delete.
  bool addTransaction(Transaction *transaction);
  bool addTransaction(const Transaction &transaction);

  bool willAcceptTransaction();  // room on every channel
  bool willAcceptTransaction(uint64_t addr);

  void update();                              // one CPU clock
  void setCPUClockSpeed(uint64_t cpuClkFreqHz);  // 0: that of the DRAM

  // The power callback is one for the whole process, as in DRAMSim2: the last one registered.
  void RegisterCallbacks(TransactionCompleteCB *readDone, TransactionCompleteCB *writeDone,
                         void (*reportPower)(double bgpower, double burstpower, double refreshpower,
                                             double actprepower));

  void printStats(bool finalStats = false);
  std::ostream &getLogFile();

  // 0 and the value, or -1 for an unknown key or one of another type.
  int getIniBool(const std::string &field, bool *val);
  int getIniUint(const std::string &field, unsigned int *val);
  int getIniUint64(const std::string &field, uint64_t *val);
  int getIniFloat(const std::string &field, float *val);

 private:
  MultiChannelMemorySystem(const MultiChannelMemorySystem &);
  MultiChannelMemorySystem &operator=(const MultiChannelMemorySystem &);
  class SCANFUSE_DRAMSIM2_HIDDEN Core;
  Core *core_;
};

SCANFUSE_DRAMSIM2_PUBLIC MultiChannelMemorySystem *getMemorySystemInstance(
    const std::string &dev, const std::string &sys, const std::string &pwd, const std::string &trc,
    unsigned megsOfMemory, std::string *visfilename = 0);

}  // namespace DRAMSim

// For build systems that look for a C symbol.
extern "C" SCANFUSE_DRAMSIM2_PUBLIC void libdramsim_is_present(void);

#endif
