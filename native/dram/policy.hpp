// The settings that the inner loop branches on most. For the usual ones there is a copy of the loop in which they
// are constants; `AnyPolicy` looks them up, and serves all others.
#pragma once

namespace scanfuse::dram {

struct AnyPolicy {
  static constexpr bool fixed = false;
};

// Of mode dramsim2, with nothing recorded, and of parts whose timings allow for the short cuts of Channel.
template <bool isOpenPage, bool isPerBank, bool isOneRank>
struct FixedPolicy {
  static constexpr bool fixed = true;
  static constexpr bool openPage = isOpenPage, perBank = isPerBank, oneRank = isOneRank;
};

}  // namespace scanfuse::dram
