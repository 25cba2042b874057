// libFuzzer target: any configuration, any requests, any way of feeding. What is accepted completes exactly
// once, in either mode, or the configuration is refused, or it says that it makes no progress.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "dram/memory.hpp"
#include "dram/port.hpp"
#include "dram/replay.hpp"
#include "fuzz/bytes.hpp"

namespace {

using namespace scanfuse::dram;
using scanfuse::fuzz::Bytes;

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

Config configFrom(Bytes& in) {
  Config c;
#define SCANFUSE_FUZZ_KEY(key) c.key = in.byte() % 24;
  SCANFUSE_DRAM_UINT_KEYS(SCANFUSE_FUZZ_KEY)
#undef SCANFUSE_FUZZ_KEY
  c.NUM_BANKS = in.pick({1, 2, 4, 8, 128});
  c.NUM_ROWS = in.pick({8192, 65536});
  c.NUM_COLS = in.pick({1024, 2048});
  c.DEVICE_WIDTH = in.pick({4, 8, 16});
  c.JEDEC_DATA_BUS_BITS = in.pick({64, 32, 128});
  c.NUM_CHANS = in.pick({1, 1, 2, 4});
  c.BL = in.pick({8, 4, 2, 1, 16});
  c.REFRESH_PERIOD = 30 + in.pick({0, 100, 1000, 7800}) + in.byte();
  c.tCMD = in.pick({1, 1, 1, 1, 2});
  c.CL += 2;
  c.AL = in.pick({0, 0, 1, 2}) * c.tRCD / 2;
  c.tFAW += 1;
  c.tRP += 1;
  c.tRFC += 1;
  c.TRANS_QUEUE_DEPTH += 1;
  c.TOTAL_ROW_ACCESSES += 1;
  c.EPOCH_LENGTH = 1 + in.word() % 5000;
  c.CMD_QUEUE_DEPTH = 2 + in.byte() % 40;
  c.tCK = 1.0f;
  c.Vdd = 1.5f;
  c.mode = in.byte() % 2 != 0 ? Mode::Strict : Mode::DramSim2;
  c.USE_LOW_POWER = in.byte() % 2 != 0;
  c.rowPolicy = in.byte() % 2 != 0 ? RowPolicy::OpenPage : RowPolicy::ClosePage;
  c.schedulingOrder = in.byte() % 2 != 0 ? SchedulingOrder::RankThenBank : SchedulingOrder::BankThenRank;
  c.queueStructure = in.byte() % 2 != 0 ? QueueStructure::PerRank : QueueStructure::PerRankPerBank;
  c.mappingScheme = 1 + in.byte() % 7;
  // Now and then a value from anywhere, in any place.
  const std::vector<std::string> keys = uintKeys();
  if (in.byte() % 4 == 0) {
    const std::string& key = keys[in.byte() % keys.size()];
    setUint(c, key, in.number());
  }
  c.mapped = {c.NUM_BANKS, c.NUM_CHANS, c.NUM_ROWS, c.NUM_COLS, c.JEDEC_DATA_BUS_BITS, c.BL};
  c.megabytes = std::uint64_t{1} << in.byte() % 15;
  return c;
}

struct Stream {
  std::vector<std::int64_t> cycles;
  std::vector<std::uint64_t> addresses;
  std::vector<std::uint32_t> owners, idle;
  std::unique_ptr<bool[]> isWrite, force;

  explicit Stream(Bytes& in) : isWrite(new bool[kMost]), force(new bool[kMost]) {
    std::int64_t cycle = 0;
    std::uint64_t address = 0;
    while (!in.empty() && cycles.size() < kMost) {
      const std::uint8_t kind = in.byte();
      isWrite[cycles.size()] = (kind & 1) != 0;
      force[cycles.size()] = (kind & 6) == 6;
      cycle += (kind & 8) != 0 ? 0 : in.byte() * ((kind & 16) != 0 ? 40 : 1);
      address = (kind & 32) != 0 ? address + 64 : std::uint64_t{in.word()} << (kind & 7);
      cycles.push_back(cycle);
      addresses.push_back(address);
      owners.push_back(kind >> 6);
      idle.push_back((kind & 64) != 0 ? kind % 5 : 0);
    }
  }
  static constexpr std::size_t kMost = 400;
};

void replayed(const Config& config, Bytes& in) {
  ReplayOptions options;
  options.perCycle = in.byte() % 3;
  options.neverAsk = in.byte() % 4 == 0;
  options.cpuHz = in.byte() % 2 != 0 ? std::uint64_t{1} << (20 + in.byte() % 14) : 0;
  options.extra = in.byte() * 10;
  const bool epochs = in.byte() % 2 != 0;
  Replay replay(config, {in.byte() % 2 != 0, epochs}, options);
  const std::size_t most = 1 + in.byte();
  const Stream s(in);
  const std::size_t size = s.cycles.size();
  std::uint64_t reads = 0, writes = 0, seen = 0;
  const auto take = [&] {
    for (ChunkFigures figures; replay.take(figures);)
      for (std::size_t i = 0; i < figures.completed.size(); ++i, ++seen) {
        require(figures.completed[i] >= 0, "a request was lost");
        require(options.cpuHz != 0 || figures.completed[i] > figures.accepted[i], "completed before it was accepted");
        ++(s.isWrite[seen] ? writes : reads);
      }
  };
  for (std::size_t at = 0; at < size; at += most) {
    replay.feed({&s.cycles[at], &s.addresses[at], &s.isWrite[at], &s.force[at], &s.owners[at], &s.idle[at],
                 std::min(most, size - at)});
    take();
  }
  replay.finish();
  take();
  require(seen == size, "not every request was handed back");
  for (Channel& channel : replay.system().channels())
    for (std::uint32_t r = 0; r < channel.numRanks(); ++r) {
      reads -= channel.rank(r).counters.reads;
      writes -= channel.rank(r).counters.writes;
    }
  require(reads == 0 && writes == 0, "commands are not those of the requests");
}

// Request by request, as far as there is room.
void driven(const Config& config, Bytes& in) {
  Memory memory(config, {});
  const Stream s(in);
  std::vector<int> seen(s.cycles.size(), 0);
  const auto advance = [&](Tick until) {
    for (const Completion& each : memory.advance(until)) {
      require(each.tick < until && each.tag < seen.size(), "a completion from nowhere");
      ++seen[each.tag];
    }
  };
  std::vector<bool> added(seen.size(), false);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    advance(memory.now() + 1 + s.idle[i] * 50);
    if (!memory.canAccept(s.addresses[i])) continue;
    memory.add(s.addresses[i], s.isWrite[i], i, s.owners[i]);
    added[i] = true;
  }
  while (memory.system().pending() != 0) advance(memory.now() + 5000);
  advance(memory.now() + 10000);
  for (std::size_t i = 0; i < seen.size(); ++i) require(seen[i] == (added[i] ? 1 : 0), "not exactly once");
}

void submitted(const Config& config, Bytes& in) {
  Port port(config, 1 + in.byte() % 50, true, {});
  const Stream s(in);
  std::uint64_t transfers = 0, finished = 0;
  for (std::size_t i = 0; i < s.addresses.size();) {
    const std::size_t size = std::min<std::size_t>(1 + s.owners[i] * 9, s.addresses.size() - i);
    const auto first = s.addresses.begin() + static_cast<std::ptrdiff_t>(i);
    port.submit({first, first + static_cast<std::ptrdiff_t>(size)}, s.isWrite[i], s.owners[i], port.now() + s.idle[i]);
    ++transfers;
    i += size;
    finished += port.advance(port.now() + s.idle[i - 1] * 30).size();
  }
  while (port.unfinished() != 0) finished += port.advance(port.now() + 5000).size();
  require(finished == transfers, "transfers were lost");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in(data, size);
  const std::uint8_t way = in.byte() % 3;
  const Config config = configFrom(in);
  try {
    way == 0 ? replayed(config, in) : way == 1 ? driven(config, in) : submitted(config, in);
  } catch (const ConfigError&) {
  } catch (const NoProgress&) {
    // Where the refreshes of several ranks leave no time; strict mode refuses such settings at once.
    require(!config.strict() && config.numRanks() > 1, "no progress, though the settings were taken");
  }
  return 0;
}
