// A copy engine beside a DRAM: reads lines from one place, and writes each to another once its data is there.
//
//   copy DEVICE.ini SYSTEM.ini [LINES]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>

#include "dram/memory.hpp"
#include "settings/settings.hpp"

namespace {

using namespace scanfuse::dram;

constexpr std::uint64_t kFrom = 0, kTo = std::uint64_t{64} << 20;
constexpr std::size_t kBuffer = 16;  // lines between read and written
constexpr std::uint64_t kMegabytes = 2048;
constexpr Tick kStep = 8;  // how often the engine looks after its requests

void copy(Memory& memory, std::uint64_t lines, std::uint64_t lineBytes) {
  std::deque<std::uint64_t> arrived;  // lines that wait to be written
  std::uint64_t read = 0, written = 0, done = 0;
  while (done != lines) {
    while (read != lines && read - written < kBuffer && memory.canAccept(kFrom + read * lineBytes)) {
      memory.add(kFrom + read * lineBytes, false, read);
      ++read;
    }
    while (!arrived.empty() && memory.canAccept(kTo + arrived.front() * lineBytes)) {
      memory.add(kTo + arrived.front() * lineBytes, true, lines + arrived.front());
      arrived.pop_front();
      ++written;
    }
    for (const Completion& each : memory.advance(memory.now() + kStep)) {
      if (each.tag < lines) {
        arrived.push_back(each.tag);
      } else {
        ++done;
      }
    }
  }
}

void print(Memory& memory, std::uint64_t bytes, const Config& config) {
  const double nanoseconds = static_cast<double>(memory.now()) * static_cast<double>(config.tCK);
  std::printf("%llu bytes copied in %llu ticks, %.1f ns: %.2f GB/s\n", static_cast<unsigned long long>(bytes),
              static_cast<unsigned long long>(memory.now()), nanoseconds, 2 * static_cast<double>(bytes) / nanoseconds);
  for (std::uint32_t c = 0; c < memory.numChannels(); ++c)
    for (std::uint32_t r = 0; r < memory.numRanks(); ++r) {
      const RankFigures figures = memory.figures(c, r);
      const auto of = [&memory](std::uint64_t energy) { return memory.nanojoules(energy); };
      std::printf("channel %u rank %u: %llu reads, %llu writes, %llu activates; activate %.1f nJ, burst %.1f nJ, "
                  "refresh %.1f nJ, background %.1f nJ\n",
                  c, r, static_cast<unsigned long long>(figures.counters.reads),
                  static_cast<unsigned long long>(figures.counters.writes),
                  static_cast<unsigned long long>(figures.counters.activates), of(figures.energy.actpre),
                  of(figures.energy.burst), of(figures.energy.refresh), of(figures.energy.background));
    }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: copy DEVICE.ini SYSTEM.ini [LINES]\n");
    return 2;
  }
  try {
    const scanfuse::settings::Settings settings(argv[1], argv[2], {}, kMegabytes);
    const std::uint64_t lines = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 10000;
    const Config& config = settings.config();
    Memory memory(config);
    copy(memory, lines, config.transactionBytes());
    print(memory, lines * config.transactionBytes(), config);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "copy: %s\n", error.what());
    return 2;
  }
  return 0;
}
