// How long an update() takes when there is nothing to do. Arguments: DEVICE SYSTEM UPDATES
#include <DRAMSim.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int, char **argv) {
  DRAMSim::MultiChannelMemorySystem *memory = DRAMSim::getMemorySystemInstance(argv[1], argv[2], "", "idle", 2048);
  const long updates = atol(argv[3]);
  const clock_t before = clock();
  for (long i = 0; i < updates; ++i) memory->update();
  printf("%.3f\n", (double)(clock() - before) / CLOCKS_PER_SEC * 1e9 / (double)updates);
  delete memory;
  return 0;
}
