// The functions of shim.h on the one memory of this process.
#include <dlfcn.h>

#include <memory>

#include "feed.hpp"
#include "memory.hpp"
#include "port.hpp"

// DRAMSim2 prints its statistics for a host program that sets this.
int SHOW_SIM_OUTPUT = 0;

namespace {

std::unique_ptr<shim::Memory> memory;
std::unique_ptr<shim::Feed> feed;
std::unique_ptr<shim::Port> port;

}  // namespace

extern "C" {
#include "shim.h"

void shim_open(const char *device, const char *system, unsigned ranks, unsigned megabytes, uint64_t cpu_hz,
               double tck_ns, uint64_t epoch_ticks) {
  memory.reset(new shim::Memory(device, system, ranks, megabytes, cpu_hz, tck_ns, epoch_ticks));
}

const char *shim_library(void) {
  Dl_info found;
  return dladdr(reinterpret_cast<void *>(&DRAMSim::getMemorySystemInstance), &found) ? found.dli_fname : "";
}

uint64_t shim_ticks(void) { return memory->ticks(); }
uint64_t shim_cycles(void) { return memory->cycles(); }

int shim_can_accept(uint64_t address) { return memory->hasRoom(address); }

int shim_add(uint64_t address, int is_write, uint64_t tag) {
  if (!memory->hasRoom(address)) return 0;
  memory->add(address, is_write != 0, tag);
  return 1;
}

void shim_run_to(uint64_t tick) {
  while (memory->ticks() < tick) memory->update();
}

void shim_feed_how(uint32_t per_cycle, int never_ask, uint64_t stop_tick) {
  const shim::FeedRules rules = {per_cycle, never_ask != 0, stop_tick};
  feed.reset(new shim::Feed(*memory, rules));
}

size_t shim_feed(size_t size, const int64_t *cycles, const uint64_t *addresses, const uint8_t *is_write,
                 const uint8_t *force, const uint32_t *idle, int64_t *accepted) {
  const shim::Stream stream = {size, cycles, addresses, is_write, force, idle};
  return feed->feed(stream, accepted);
}

void shim_finish(uint64_t extra, uint64_t until_tick) { feed->finish(extra, until_tick); }

void shim_port(uint64_t write_watermark, int log) {
  port.reset(new shim::Port(*memory, write_watermark, log != 0));
}

void shim_submit(uint64_t transfer, size_t size, const uint64_t *addresses, int is_write, uint64_t not_before) {
  port->submit(transfer, std::vector<uint64_t>(addresses, addresses + size), is_write != 0, not_before);
}

void shim_advance(uint64_t until_tick) { port->advance(until_tick); }
uint64_t shim_waiting(int writes) { return port->waiting(writes != 0); }

size_t shim_completions(void) { return memory->completions.size(); }

void shim_take_completions(uint64_t *tags, int64_t *ticks) {
  for (size_t i = 0; i < memory->completions.size(); ++i) {
    tags[i] = memory->completions[i].tag;
    ticks[i] = static_cast<int64_t>(memory->completions[i].tick);
  }
  memory->completions.clear();
}

size_t shim_accepted(void) { return port->accepted.size(); }

void shim_take_accepted(int64_t *ticks, uint64_t *addresses, uint8_t *is_write) {
  for (size_t i = 0; i < port->accepted.size(); ++i) {
    ticks[i] = static_cast<int64_t>(port->accepted[i].tick);
    addresses[i] = port->accepted[i].address;
    is_write[i] = port->accepted[i].isWrite;
  }
  port->accepted.clear();
}

void shim_print(void) { memory->print(); }
size_t shim_prints(void) { return memory->printTicks.size(); }

void shim_take_prints(uint64_t *ticks, double *watts) {
  std::copy(memory->printTicks.begin(), memory->printTicks.end(), ticks);
  std::copy(shim::Memory::watts().begin(), shim::Memory::watts().end(), watts);
  memory->printTicks.clear();
  shim::Memory::watts().clear();
}

}  // extern "C"
