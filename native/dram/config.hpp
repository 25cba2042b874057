// What a memory system is made of: the values of the two ini files after overrides, checked.
// Members are spelled as the ini keys. Reading the files themselves is Python's task.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace scanfuse::dram {

enum class RowPolicy : std::uint8_t { OpenPage, ClosePage };
enum class SchedulingOrder : std::uint8_t { RankThenBank, BankThenRank };
enum class QueueStructure : std::uint8_t { PerRank, PerRankPerBank };
// DramSim2: the model to the tick, quirks included. Strict: what section 15 of the model calls bugs is put
// right, and every command is legal by the JEDEC rules (docs/dram-modes.md).
enum class Mode : std::uint8_t { DramSim2, Strict };

// A value the engine cannot work with. The parts are kept apart so that the reader of the ini file
// can add file and line.
class ConfigError : public std::invalid_argument {
 public:
  ConfigError(std::string key, std::string found, std::string allowed)
      : std::invalid_argument(key + "=" + found + ": must be " + allowed),
        key(std::move(key)),
        found(std::move(found)),
        allowed(std::move(allowed)) {}
  std::string key, found, allowed;
};

// Watched by the address mapping; kept as the files gave them, since overrides do not reach the
// mapping (quirk Q1).
struct Geometry {
  std::uint32_t NUM_BANKS = 0;
  std::uint32_t NUM_CHANS = 0;
  std::uint32_t NUM_ROWS = 0;
  std::uint32_t NUM_COLS = 0;
  std::uint32_t JEDEC_DATA_BUS_BITS = 0;
  std::uint32_t BL = 0;
};

#define SCANFUSE_DRAM_UINT_KEYS(X)                                                              \
  X(NUM_BANKS) X(NUM_ROWS) X(NUM_COLS) X(DEVICE_WIDTH) X(REFRESH_PERIOD) X(CL) X(AL) X(BL)      \
  X(tRAS) X(tRCD) X(tRRD) X(tRC) X(tRP) X(tCCD) X(tRTP) X(tWTR) X(tWR) X(tRTRS) X(tRFC) X(tFAW) \
  X(tCKE) X(tXP) X(tCMD) X(IDD0) X(IDD2P) X(IDD2N) X(IDD3N) X(IDD4R) X(IDD4W) X(IDD5)           \
  X(NUM_CHANS) X(JEDEC_DATA_BUS_BITS) X(TRANS_QUEUE_DEPTH) X(CMD_QUEUE_DEPTH) X(EPOCH_LENGTH)   \
  X(TOTAL_ROW_ACCESSES)

struct Config {
#define SCANFUSE_DRAM_MEMBER(key) std::uint32_t key = 0;
  SCANFUSE_DRAM_UINT_KEYS(SCANFUSE_DRAM_MEMBER)
#undef SCANFUSE_DRAM_MEMBER
  float tCK = 0;  // ns
  float Vdd = 0;  // V
  bool USE_LOW_POWER = false;
  RowPolicy rowPolicy = RowPolicy::ClosePage;
  SchedulingOrder schedulingOrder = SchedulingOrder::BankThenRank;
  QueueStructure queueStructure = QueueStructure::PerRankPerBank;
  Mode mode = Mode::DramSim2;
  std::uint32_t mappingScheme = 1;  // 1..7
  std::uint64_t megabytes = 2048;   // asked for, all channels together
  Geometry mapped;                  // as the files gave it

  // Throws ConfigError for the first value outside the domain in which the model is defined.
  void validate() const;

  bool strict() const { return mode == Mode::Strict; }
  bool openPage() const { return rowPolicy == RowPolicy::OpenPage; }
  bool perBankQueues() const { return queueStructure == QueueStructure::PerRankPerBank; }
  std::uint64_t rankMegabytes() const;
  std::uint32_t numRanks() const;    // per channel
  std::uint32_t numDevices() const;  // per rank
  // The grain of addresses; like the mapping it follows the files, not the overrides (Q1).
  std::uint32_t transactionBytes() const { return mapped.JEDEC_DATA_BUS_BITS / 8 * mapped.BL; }
  std::uint64_t storageMegabytes() const { return numRanks() * rankMegabytes(); }  // per channel
  std::uint32_t refreshPeriodTicks() const;
  std::uint32_t refreshStaggerTicks() const;

 private:
  void validateDelays() const;
  void validateRefresh() const;
  void validateStrictRefresh() const;
  void validateWriteBursts() const;
};

// Sets a numeric key by its ini name; false if the engine has no use for that key.
bool setUint(Config& config, const std::string& key, std::uint32_t value);
std::vector<std::string> uintKeys();

// Number of bits needed to tell n values apart: ceil(log2 n), 0 for 0 and 1.
std::uint32_t bitsFor(std::uint64_t n);

}  // namespace scanfuse::dram
