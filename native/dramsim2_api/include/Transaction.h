// One read or write of one burst, as a host program hands it over.
#ifndef SCANFUSE_DRAMSIM2_TRANSACTION_H
#define SCANFUSE_DRAMSIM2_TRANSACTION_H

#include <stdint.h>

#include <ostream>

namespace DRAMSim {

enum TransactionType { DATA_READ, DATA_WRITE, RETURN_DATA };

class Transaction {
 public:
  TransactionType transactionType;
  uint64_t address;
  void *data;             // carried along, never looked at
  uint64_t timeAdded;     // tick in which it entered the transaction queue
  uint64_t timeReturned;  // tick in which it completed

  Transaction(TransactionType type, uint64_t addr, void *payload)
      : transactionType(type), address(addr), data(payload), timeAdded(0), timeReturned(0) {}
};

inline std::ostream &operator<<(std::ostream &out, const Transaction &transaction) {
  const char *const names[] = {"read", "write", "data"};
  const std::ios_base::fmtflags before = out.flags();
  out << "T [" << names[transaction.transactionType] << "] [0x" << std::hex << transaction.address << "]";
  out.flags(before);
  return out;
}

}  // namespace DRAMSim

#endif
