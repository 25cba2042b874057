// Replays random streams on many small memories, for the sanitizers to watch, and checks that what
// must agree agrees. Exactness is tested from Python; this needs neither Python nor pybind11.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "dram/memory.hpp"
#include "dram/port.hpp"
#include "dram/replay.hpp"

namespace {

using namespace scanfuse::dram;
using Random = std::mt19937_64;

int failures = 0;

void check(bool good, const char* what, unsigned seed) {
  if (good) return;
  std::fprintf(stderr, "seed %u: %s\n", seed, what);
  ++failures;
}

std::uint32_t pick(Random& random, std::initializer_list<std::uint32_t> values) {
  return values.begin()[random() % values.size()];
}

Config randomConfig(Random& random) {
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

std::vector<std::uint64_t> run(Random& random, std::size_t size) {
  std::vector<std::uint64_t> addresses(size);
  std::uint64_t address = random() % (std::uint64_t{1} << 30);
  for (std::uint64_t& each : addresses) {
    each = address;
    address += random() % 8 == 0 ? random() % (1 << 22) : 64;
  }
  return addresses;
}

struct Sums {
  std::uint64_t burst = 0, actpre = 0, background = 0, served = 0;
  bool operator==(const Sums& o) const {
    return burst == o.burst && actpre == o.actpre && background == o.background && served == o.served;
  }
};

Sums sums(System& system) {
  Sums all;
  for (Channel& channel : system.channels())
    for (std::uint32_t r = 0; r < channel.numRanks(); ++r) {
      const RankFigures rank = channel.rank(r);
      all.burst += rank.energy.burst;
      all.actpre += rank.energy.actpre;
      all.background += rank.energy.background;
      all.served += rank.counters.reads + rank.counters.writes;
    }
  return all;
}

void replayed(unsigned seed) {
  Random random(seed);
  const Config config = randomConfig(random);
  const std::size_t size = 500;
  std::vector<std::int64_t> cycles(size);
  const std::unique_ptr<bool[]> isWrite(new bool[size]), force(new bool[size]);
  std::vector<std::uint32_t> owners(size);
  std::int64_t cycle = 0;
  for (std::size_t i = 0; i < size; ++i) {
    cycle += static_cast<std::int64_t>(random() % 6 == 0 ? random() % 300 : 0);
    cycles[i] = cycle;
    isWrite[i] = random() % 3 == 0;
    force[i] = random() % 10 == 0;
    owners[i] = static_cast<std::uint32_t>(random() % 5);
  }
  const std::vector<std::uint64_t> addresses = run(random, size);
  Replay replay(config, {true, true});
  ReplayOptions options;
  options.perCycle = pick(random, {0, 1, 3});
  options.cpuHz = random() % 2 != 0 ? 1000000000 : 0;
  options.extra = 100;
  replay.run({cycles.data(), addresses.data(), isWrite.get(), force.get(), owners.data(), nullptr, size}, options);
  const EnergySteps steps(config);
  check(sums(replay.system()).served == size, "replay: not every request was served", seed);
  std::uint64_t burst = 0, actpre = 0;
  for (const OwnerCounters& each : replay.system().owners().counters()) {
    burst += each.burst(steps);
    actpre += each.actpre(steps);
  }
  const Sums all = sums(replay.system());
  check(burst == all.burst && actpre == all.actpre, "replay: owners do not sum to ranks", seed);
  check(!replay.system().commands().empty() && !replay.system().epochs().empty(), "replay: records are missing", seed);
}

// A port, and the replay of what it let in.
void ported(unsigned seed) {
  Random random(seed);
  const Config config = randomConfig(random);
  Port port(config, 1 + random() % 40, true, {});
  std::uint64_t finished = 0, submitted = 0;
  while (submitted < 30 || port.unfinished() != 0) {
    if (submitted < 30 && random() % 2 != 0) {
      port.submit(run(random, 1 + random() % 50), random() % 3 == 0, static_cast<std::uint32_t>(random() % 4),
                  port.now() + random() % 20);
      ++submitted;
    }
    finished += port.advance(port.now() + 1 + random() % 200).size();
  }
  check(finished == submitted, "port: transfers were lost", seed);
  port.system().runTo(port.now());

  const PortLog& log = port.log();
  const std::size_t size = log.ticks.size();
  const std::unique_ptr<bool[]> isWrite(new bool[size]);
  for (std::size_t i = 0; i < size; ++i) isWrite[i] = log.isWrite[i] != 0;
  Replay replay(config, {});
  ReplayOptions options;
  options.untilTick = port.now();
  replay.run({log.ticks.data(), log.addresses.data(), isWrite.get(), nullptr, nullptr, nullptr, size}, options);
  check(replay.accepted() == log.ticks, "port: its log is not accepted at the same ticks", seed);
  check(replay.ticks() == port.now() && sums(replay.system()) == sums(port.system()),
        "port: its log does not repeat the run", seed);
}

void refused(unsigned seed) {
  Random random(seed);
  Config config = randomConfig(random);
  config.tCMD = config.strict() ? 0 : 2;
  bool thrown = false;
  try {
    Replay replay(config, {});
  } catch (const ConfigError&) {
    thrown = true;
  }
  check(thrown, "a configuration outside the model was taken", seed);
}

}  // namespace

int main() {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    replayed(seed);
    ported(seed);
    refused(seed);
  }
  if (failures == 0) std::puts("all good");
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
