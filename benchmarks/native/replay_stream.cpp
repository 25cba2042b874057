// Replays a stream of requests once or some times, for benchmarks/dram.py to time and to count instructions of:
//   replay_stream FILE REPEATS KEY=VALUE...
// FILE holds the number of requests, their cycles, addresses (64 bits each) and kinds (a byte each: 1 = write).
// Prints the least CPU nanoseconds per request of all repeats, and the ticks.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "dram/replay.hpp"

namespace {

using namespace scanfuse::dram;

struct Requests {
  explicit Requests(const char* path) {
    std::ifstream in(path, std::ios::binary);
    std::uint64_t size = 0;
    read(in, &size, 1);
    cycles.resize(size);
    addresses.resize(size);
    isWrite = std::make_unique<bool[]>(size);
    read(in, cycles.data(), size);
    read(in, addresses.data(), size);
    read(in, isWrite.get(), size);
    if (!in) throw std::runtime_error(std::string(path) + ": truncated");
  }
  template <class Value>
  static void read(std::ifstream& in, Value* to, std::size_t count) {
    in.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(count * sizeof(Value)));
  }

  std::vector<std::int64_t> cycles;
  std::vector<std::uint64_t> addresses;
  std::unique_ptr<bool[]> isWrite;
};

void set(Config& config, const std::string& key, const std::string& value) {
  if (key == "tCK") {
    config.tCK = std::stof(value);
  } else if (key == "Vdd") {
    config.Vdd = std::stof(value);
  } else if (key == "USE_LOW_POWER") {
    config.USE_LOW_POWER = value == "1";
  } else if (key == "open_page") {
    config.rowPolicy = value == "1" ? RowPolicy::OpenPage : RowPolicy::ClosePage;
  } else if (key == "rank_then_bank") {
    config.schedulingOrder = value == "1" ? SchedulingOrder::RankThenBank : SchedulingOrder::BankThenRank;
  } else if (key == "per_rank") {
    config.queueStructure = value == "1" ? QueueStructure::PerRank : QueueStructure::PerRankPerBank;
  } else if (key == "scheme") {
    config.mappingScheme = static_cast<std::uint32_t>(std::stoul(value));
  } else if (key == "megabytes") {
    config.megabytes = std::stoull(value);
  } else if (!setUint(config, key, static_cast<std::uint32_t>(std::stoul(value)))) {
    throw std::runtime_error(key + ": unknown key");
  }
}

// Whose instructions are counted.
SCANFUSE_COLD void replayStream(Replay& replay, const RequestChunk& stream) {
  replay.feed(stream);
  replay.finish();
}

int run(int argc, char** argv) {
  const Requests requests(argv[1]);
  const int repeats = std::atoi(argv[2]);
  Config config;
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) throw std::runtime_error(text + ": KEY=VALUE expected");
    set(config, text.substr(0, equals), text.substr(equals + 1));
  }
  config.mapped = {config.NUM_BANKS, config.NUM_CHANS, config.NUM_ROWS,
                   config.NUM_COLS,  config.JEDEC_DATA_BUS_BITS, config.BL};

  RequestChunk stream;
  stream.cycles = requests.cycles.data();
  stream.addresses = requests.addresses.data();
  stream.isWrite = requests.isWrite.get();
  stream.size = requests.cycles.size();
  double least = 1e300;
  Tick ticks = 0;
  for (int i = 0; i < repeats; ++i) {
    Replay replay(config, {}, {});
    const std::clock_t began = std::clock();
    replayStream(replay, stream);
    const double seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    if (seconds < least) least = seconds;
    ticks = replay.ticks();
  }
  std::printf("%.1f %llu\n", least * 1e9 / static_cast<double>(stream.size), static_cast<unsigned long long>(ticks));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: replay_stream FILE REPEATS KEY=VALUE...\n");
    return 2;
  }
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "replay_stream: %s\n", error.what());
    return 2;
  }
}
