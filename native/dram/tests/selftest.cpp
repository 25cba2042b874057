// Replays random streams on many small memories, for the sanitizers to watch, and checks that what
// must agree agrees. Exactness is tested from Python; this needs neither Python nor pybind11.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "dram/memory.hpp"
#include "dram/port.hpp"
#include "dram/replay.hpp"
#include "dram/tests/random_memory.hpp"

namespace {

using namespace scanfuse::dram;

int failures = 0;

void check(bool good, const char* what, unsigned seed) {
  if (good) return;
  std::fprintf(stderr, "seed %u: %s\n", seed, what);
  ++failures;
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
  const std::vector<std::uint64_t> addresses = randomAddresses(random, size);
  ReplayOptions options;
  options.perCycle = pick(random, {0, 1, 3});
  options.cpuHz = random() % 2 != 0 ? 1000000000 : 0;
  options.extra = 100;
  Replay replay(config, {true, true}, options);
  std::size_t completed = 0;
  ChunkFigures figures;
  const auto take = [&] {
    while (replay.take(figures))
      for (const std::int64_t tick : figures.completed) completed += tick >= 0 ? 1 : 0;
  };
  for (std::size_t at = 0; at < size; take()) {
    const std::size_t part = std::min<std::size_t>(random() % 60, size - at);
    replay.feed({&cycles[at], &addresses[at], &isWrite[at], &force[at], &owners[at], nullptr, part});
    at += part;
  }
  replay.finish();
  take();
  check(completed == size, "replay: not every request was handed back", seed);
  check(sums(replay.system()).served == size, "replay: not every request was served", seed);
  const EnergySteps steps(config);
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
      port.submit(randomAddresses(random, 1 + random() % 50), random() % 3 == 0, static_cast<std::uint32_t>(random() % 4),
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
  ReplayOptions options;
  options.untilTick = port.now();
  Replay replay(config, {}, options);
  replay.feed({log.ticks.data(), log.addresses.data(), isWrite.get(), nullptr, nullptr, nullptr, size});
  replay.finish();
  ChunkFigures figures;
  check(replay.take(figures) && figures.accepted == log.ticks, "port: its log is not accepted at the same ticks", seed);
  check(replay.ticks() == port.now() && sums(replay.system()) == sums(port.system()),
        "port: its log does not repeat the run", seed);
}

void refused(unsigned seed) {
  Random random(seed);
  Config config = randomConfig(random);
  config.tCMD = config.strict() ? 0 : 2;
  bool thrown = false;
  try {
    Replay replay(config, {}, {});
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
