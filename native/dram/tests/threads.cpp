// Sixteen memories in four threads at once, each thread turning from one to the next, against the same memories
// one after the other. Built with -DSCANFUSE_SANITIZE=thread it shows that they share nothing.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "dram/memory.hpp"
#include "dram/replay.hpp"
#include "dram/tests/random_memory.hpp"

namespace {

using namespace scanfuse::dram;

constexpr std::size_t kMemories = 16, kThreads = 4, kRequests = 4000, kChunk = 250;

struct Stream {
  explicit Stream(Random& random)
      : cycles(kRequests), addresses(randomAddresses(random, kRequests)), isWrite(new bool[kRequests]) {
    std::int64_t cycle = 0;
    for (std::size_t i = 0; i < kRequests; ++i) {
      cycles[i] = cycle += static_cast<std::int64_t>(random() % 8 == 0 ? random() % 200 : 0);
      isWrite[i] = random() % 3 == 0;
    }
  }
  std::vector<std::int64_t> cycles;
  std::vector<std::uint64_t> addresses;
  std::unique_ptr<bool[]> isWrite;
};

// A stream on its way through a memory of its own, replayed or driven request by request, a chunk at a time.
class Run {
 public:
  explicit Run(unsigned seed) : Run(Random(seed)) {}

  void step() {
    replay_.feed({&stream_.cycles[at_], &stream_.addresses[at_], &stream_.isWrite[at_], nullptr, nullptr, nullptr,
                  kChunk});
    for (std::size_t i = at_; i < at_ + kChunk; ++i) {
      while (!memory_.canAccept(stream_.addresses[i])) advance(memory_.now() + 1);
      memory_.add(stream_.addresses[i], stream_.isWrite[i], i, 0);
    }
    if ((at_ += kChunk) == kRequests) finish();
  }
  const std::vector<std::uint64_t>& figures() const { return figures_; }

 private:
  explicit Run(Random random)
      : config_(randomConfig(random)), stream_(random), replay_(config_, {true, true}, {}), memory_(config_, {}) {}

  void advance(Tick until) {
    for (const Completion& each : memory_.advance(until)) figures_.push_back(each.tick * kRequests + each.tag);
  }
  void finish() {
    replay_.finish();
    for (ChunkFigures chunk; replay_.take(chunk);)
      for (const std::int64_t tick : chunk.completed) figures_.push_back(static_cast<std::uint64_t>(tick));
    while (memory_.system().pending() != 0) advance(memory_.now() + 1000);
    for (System* system : {&replay_.system(), &memory_.system()})
      for (Channel& channel : system->channels())
        for (std::uint32_t r = 0; r < channel.numRanks(); ++r) {
          const Energy energy = channel.rank(r).energy;
          for (const std::uint64_t each : {energy.background, energy.burst, energy.actpre, energy.refresh})
            figures_.push_back(each);
        }
  }

  const Config config_;
  const Stream stream_;
  Replay replay_;
  Memory memory_;
  std::size_t at_ = 0;
  std::vector<std::uint64_t> figures_;
};

std::vector<std::unique_ptr<Run>> newRuns() {
  std::vector<std::unique_ptr<Run>> runs;
  for (unsigned seed = 1; seed <= kMemories; ++seed) runs.push_back(std::make_unique<Run>(seed));
  return runs;
}

}  // namespace

int main() {
  const std::vector<std::unique_ptr<Run>> alone = newRuns(), together = newRuns();
  for (const auto& run : alone)
    for (std::size_t step = 0; step < kRequests / kChunk; ++step) run->step();
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < kThreads; ++first)
    threads.emplace_back([&together, first] {
      for (std::size_t step = 0; step < kRequests / kChunk; ++step)
        for (std::size_t i = first; i < kMemories; i += kThreads) together[i]->step();
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < kMemories; ++i)
    if (alone[i]->figures().size() < 2 * kRequests || alone[i]->figures() != together[i]->figures()) {
      std::fprintf(stderr, "memory %zu: other figures in a thread than alone\n", i);
      return EXIT_FAILURE;
    }
  std::puts("all good");
  return EXIT_SUCCESS;
}
