// Callbacks that go on adding: each completion decides by a generator of numbers what comes next, on which
// channel, in which form. Whatever is seen within a tick goes into the decisions, so that an order of events
// other than the model's leads elsewhere at once.
//
// Arguments: DEVICE SYSTEM MEGS VIS SEED REQUESTS LINES LINE_BYTES
#include <DRAMSim.h>
#include <stdio.h>
#include <stdlib.h>

#include <string>

using namespace DRAMSim;

class Chain {
 public:
  Chain(MultiChannelMemorySystem *memory, uint64_t seed, uint64_t requests, uint64_t lines, uint64_t bytes)
      : memory_(memory), state_(seed), left_(requests), lines_(lines), bytes_(bytes), open_(0) {}
  void readDone(unsigned channel, uint64_t address, uint64_t tick) { done('R', channel, address, tick); }
  void writeDone(unsigned channel, uint64_t address, uint64_t tick) { done('W', channel, address, tick); }
  void add() {
    if (left_ == 0) return;
    const uint64_t address = random() % lines_ * bytes_;
    const bool write = random() % 2 != 0;
    const uint64_t form = random() % 4;
    const bool roomHere = memory_->willAcceptTransaction(address), room = memory_->willAcceptTransaction();
    printf("Q %d %d\n", roomHere, room);
    if (form == 0) {
      const Transaction transaction(write ? DATA_WRITE : DATA_READ, address, NULL);
      if (!memory_->addTransaction(transaction)) return;
    } else if (form == 1 && !roomHere) {
      return;
    } else {
      memory_->addTransaction(write, address);
    }
    --left_;
    ++open_;
  }
  uint64_t random() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return state_ >> 33;
  }
  bool busy() const { return left_ != 0 || open_ != 0; }

 private:
  void done(char kind, unsigned channel, uint64_t address, uint64_t tick) {
    printf("C %c %u %llu %llu\n", kind, channel, (unsigned long long)address, (unsigned long long)tick);
    --open_;
    for (uint64_t more = random() % 4; more != 0; --more) add();
  }
  MultiChannelMemorySystem *memory_;
  uint64_t state_, left_, lines_, bytes_, open_;
};

int main(int, char **argv) {
  std::string vis = argv[4];
  MultiChannelMemorySystem *memory =
      getMemorySystemInstance(argv[1], argv[2], "", "chain", (unsigned)atoi(argv[3]), &vis);
  Chain chain(memory, strtoull(argv[5], NULL, 10), strtoull(argv[6], NULL, 10), strtoull(argv[7], NULL, 10),
              strtoull(argv[8], NULL, 10));
  Callback<Chain, void, unsigned, uint64_t, uint64_t> read(&chain, &Chain::readDone), write(&chain, &Chain::writeDone);
  memory->RegisterCallbacks(&read, &write, NULL);
  while (chain.busy()) {
    if (chain.random() % 8 == 0) chain.add();
    memory->update();
  }
  memory->printStats(true);
  delete memory;
  return 0;
}
