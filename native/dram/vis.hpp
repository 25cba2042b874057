// DRAMSim2's `.vis` file: the settings, then a line of figures per epoch, then latency histograms.
#pragma once

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "dram/config.hpp"
#include "dram/epoch_values.hpp"
#include "dram/statistics.hpp"
#include "dram/system.hpp"

namespace scanfuse::dram {

// Ini keys and values as text, in the order of the file.
using IniTexts = std::vector<std::pair<std::string, std::string>>;

// Writes the parts of the file in order: the head once, then for each epoch `beginLine`, `channel` for
// each channel (in the last line followed by its `histogram`), `endLine`. The stream must be in its default
// format: six significant digits.
class VisWriter {
 public:
  VisWriter(std::ostream& out, const Config& config) : out_(out), config_(config) {}

  void head(const IniTexts& system, const IniTexts& device);
  void beginLine(Tick now);
  void channel(Tick now, const ChannelFigures& figures);
  void histogram(const LatencyHistogram& latencies);
  void endLine();

 private:
  std::ostream& out_;
  const Config& config_;
};

// The whole file of a run that has ended and has recorded its epochs.
void writeVis(std::ostream& out, const System& system, const IniTexts& systemIni, const IniTexts& deviceIni);

}  // namespace scanfuse::dram
