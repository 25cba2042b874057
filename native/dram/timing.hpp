// Distances between commands, in ticks, derived from the data-sheet values of a device.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dram/config.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

// 32-bit unsigned arithmetic throughout, as the model states. In strict mode a burst shorter than tCCD frees
// its bank no sooner than one of tCCD, and tCCD counts between a read and a write too.
struct Timing {
  explicit Timing(const Config& c)
      : burst(c.BL / 2),
        readLatency(c.CL + c.AL),
        writeLatency(readLatency - 1),
        readToPrecharge(c.AL + (c.strict() ? std::max(burst, c.tCCD) : burst) + std::max(c.tRTP, c.tCCD) - c.tCCD),
        writeToPrecharge(writeLatency + burst + c.tWR),
        readToWrite(readLatency + burst + c.tRTRS - writeLatency),
        readToWriteSameRank(c.strict() ? std::max(readToWrite, c.tCCD) : readToWrite),
        readAutoToActivate(c.AL + c.tRTP + c.tRP),
        writeAutoToActivate(writeLatency + burst + c.tWR + c.tRP),
        writeToReadSameRank(std::max(writeLatency + burst + c.tWTR, c.strict() ? c.tCCD : 0)),
        writeToReadOtherRank(c.strict() && burst + c.tRTRS == 0 ? 0 : writeLatency + burst + c.tRTRS - readLatency),
        columnSameRank(std::max(c.tCCD, burst)),
        columnOtherRank(burst + c.tRTRS),
        activateToColumn(c.tRCD - c.AL),
        tRC(c.tRC),
        tRAS(c.tRAS),
        tRRD(c.tRRD),
        tFAW(c.tFAW),
        tRP(c.tRP),
        tRFC(c.tRFC),
        tCKE(c.tCKE),
        tXP(c.tXP),
        tCMD(c.tCMD),
        readTold(Tick{tCMD} + readLatency + burst),
        writeTold(Tick{writeLatency} + burst) {}

  // From the command to the tick in which the requester is told.
  Tick readDone(Tick issued) const { return issued + readTold; }
  Tick writeDone(Tick issued) const { return issued + writeTold; }

  std::uint32_t burst, readLatency, writeLatency;
  std::uint32_t readToPrecharge, writeToPrecharge, readToWrite, readToWriteSameRank;
  std::uint32_t readAutoToActivate, writeAutoToActivate;
  std::uint32_t writeToReadSameRank, writeToReadOtherRank;
  std::uint32_t columnSameRank, columnOtherRank, activateToColumn;
  std::uint32_t tRC, tRAS, tRRD, tFAW, tRP, tRFC, tCKE, tXP, tCMD;
  Tick readTold, writeTold;
};

}  // namespace scanfuse::dram
