// The files that a system writes: the log of statistics, the .vis file, the log of commands.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "dram/statistics.hpp"
#include "dram/vis.hpp"
#include "lane.hpp"
#include "settings/settings.hpp"

namespace scanfuse::dramsim2_api {

using settings::Settings;

// Names as the host program gave them.
struct Names {
  std::string device, pwd, trace, vis;
};

class Outputs {
 public:
  Outputs(const Settings& settings, const Names& names) : settings_(settings), names_(names) {}

  // Opens all files, under names that do not exist yet. Throws std::runtime_error.
  void open();
  dram::VisWriter* vis() { return vis_.get(); }  // null if there is none
  std::ofstream& log() { return log_; }
  // Statistics as text: into the log, and onto standard output if the host asks for it.
  void text(const std::string& statistics);
  // Writes the commands that have reached their ranks before tick `now`.
  void commands(const std::vector<Lane>& lanes, Tick now);
  void flush();

 private:
  std::string visName() const;
  const Settings& settings_;
  const Names names_;
  std::ofstream log_, visFile_, commandFile_;
  std::unique_ptr<dram::VisWriter> vis_;
  std::vector<std::size_t> written_;  // commands, per channel
};

}  // namespace scanfuse::dramsim2_api
