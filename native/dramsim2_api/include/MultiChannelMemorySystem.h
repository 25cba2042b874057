// For host programs that include this header instead of DRAMSim.h.
#include "DRAMSim.h"
