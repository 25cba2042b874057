// The rest of the interface, a line each: settings, errors, two systems at once, transactions that are refused.
// Arguments: DEVICE SYSTEM OTHER_SYSTEM
#include <DRAMSim.h>
#include <stdio.h>

#include <stdexcept>
#include <string>

using namespace DRAMSim;

int SHOW_SIM_OUTPUT = 0;

static int firstTold, secondTold;
static void first(double, double, double, double) { ++firstTold; }
static void second(double, double, double, double) { ++secondTold; }

static void attempt(const char *device, const char *system, unsigned megs) {
  try {
    delete getMemorySystemInstance(device, system, "", "x", megs);
    printf("no error\n");
  } catch (const std::exception &error) {
    printf("%s\n", error.what());
  }
}

int main(int, char **argv) {
  libdramsim_is_present();
  MultiChannelMemorySystem *one = getMemorySystemInstance(argv[1], argv[2], "", "traces/k6_one.trc", 2048);
  MultiChannelMemorySystem *two = getMemorySystemInstance(argv[1], argv[3], "", "two", 4096);
  bool flag = true;
  unsigned number = 0;
  uint64_t wide = 7;
  float real = 0;
  int found = one->getIniUint("TRANS_QUEUE_DEPTH", &number);
  printf("%d %u\n", found, number);
  found = two->getIniUint("TRANS_QUEUE_DEPTH", &number);
  printf("%d %u\n", found, number);
  found = one->getIniBool("DEBUG_BUS", &flag);
  printf("%d %d\n", found, flag);
  found = one->getIniFloat("tCK", &real);
  printf("%d %.2f\n", found, real);
  printf("%d %d %d %d\n", one->getIniUint64("NUM_ROWS", &wide), one->getIniUint("nonsense", &number),
         one->getIniBool("tCK", &flag), one->getIniFloat("NUM_ROWS", &real));

  one->RegisterCallbacks(NULL, NULL, first);
  two->RegisterCallbacks(NULL, NULL, second);
  one->update();
  two->update();
  printf("%d %d\n", firstTold, secondTold);  // the last one registered is told of both, two ranks and four

  unsigned taken = 0;
  Transaction transaction(DATA_WRITE, 64, NULL);
  while (one->addTransaction(transaction)) ++taken;
  const bool room = one->willAcceptTransaction();
  printf("%u %d %d\n", taken, room, one->addTransaction(false, 128));
  one->getLogFile() << "from the host\n";
  for (int i = 0; i < 500; ++i) one->update();
  SHOW_SIM_OUTPUT = 1;
  one->printStats(true);
  delete one;
  delete two;

  attempt("nowhere.ini", argv[2], 2048);
  attempt(argv[1], argv[2], 3);
  attempt(argv[1], "bad.ini", 2048);
  attempt(argv[1], "missing.ini", 2048);
  return 0;
}
