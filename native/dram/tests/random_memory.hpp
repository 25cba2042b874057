// Memories and addresses by chance, for the engine's own tests.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

#include "dram/config.hpp"

namespace scanfuse::dram {

using Random = std::mt19937_64;

inline std::uint32_t pick(Random& random, std::initializer_list<std::uint32_t> values) {
  return values.begin()[random() % values.size()];
}

inline Config randomConfig(Random& random) {
  Config c;
  c.NUM_BANKS = pick(random, {1, 4, 8});
  c.NUM_ROWS = 8192;
  c.NUM_COLS = 1024;
  c.DEVICE_WIDTH = 8;
  c.JEDEC_DATA_BUS_BITS = 64;
  c.NUM_CHANS = pick(random, {1, 2, 4});
  c.REFRESH_PERIOD = pick(random, {700, 7800});
  c.tCK = 1.5f;
  c.Vdd = 1.5f;
  c.CL = 10;
  c.AL = pick(random, {0, 3});
  c.BL = 8;
  c.tRAS = 24;
  c.tRCD = 10;
  c.tRRD = 4;
  c.tRC = 34;
  c.tRP = 10;
  c.tCCD = 4;
  c.tRTP = 5;
  c.tWTR = 5;
  c.tWR = 10;
  c.tRTRS = 1;
  c.tRFC = 74;
  c.tFAW = 20;
  c.tCKE = 4;
  c.tXP = 4;
  c.tCMD = 1;
  c.IDD0 = 110;
  c.IDD2P = 12;
  c.IDD2N = 65;
  c.IDD3N = 62;
  c.IDD4R = 200;
  c.IDD4W = 220;
  c.IDD5 = 240;
  c.TRANS_QUEUE_DEPTH = pick(random, {1, 4, 32});
  c.CMD_QUEUE_DEPTH = pick(random, {2, 5, 32});
  c.EPOCH_LENGTH = 1000;
  c.TOTAL_ROW_ACCESSES = pick(random, {1, 4});
  c.USE_LOW_POWER = random() % 2 != 0;
  c.rowPolicy = random() % 2 != 0 ? RowPolicy::OpenPage : RowPolicy::ClosePage;
  c.schedulingOrder = random() % 2 != 0 ? SchedulingOrder::RankThenBank : SchedulingOrder::BankThenRank;
  c.queueStructure = random() % 2 != 0 ? QueueStructure::PerRank : QueueStructure::PerRankPerBank;
  c.mappingScheme = 1 + static_cast<std::uint32_t>(random() % 7);
  c.mapped = {c.NUM_BANKS, c.NUM_CHANS, c.NUM_ROWS, c.NUM_COLS, c.JEDEC_DATA_BUS_BITS, c.BL};
  c.megabytes = c.rankMegabytes() * pick(random, {1, 2, 4}) * c.NUM_CHANS;
  if (random() % 2 != 0) {
    c.mode = Mode::Strict;
    c.AL = pick(random, {0, 3, 10});
    c.tCMD = pick(random, {1, 2});
  }
  return c;
}

inline std::vector<std::uint64_t> randomAddresses(Random& random, std::size_t size) {
  std::vector<std::uint64_t> addresses(size);
  std::uint64_t address = random() % (std::uint64_t{1} << 30);
  for (std::uint64_t& each : addresses) {
    each = address;
    address += random() % 8 == 0 ? random() % (1 << 22) : 64;
  }
  return addresses;
}

}  // namespace scanfuse::dram
