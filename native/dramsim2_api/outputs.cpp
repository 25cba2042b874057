#include "outputs.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>

#if !defined(_WIN32)
// A host program may define it; other than zero it asks for the statistics on standard output.
extern int SHOW_SIM_OUTPUT __attribute__((weak, visibility("default")));
#endif

namespace scanfuse::dramsim2_api {
namespace {

namespace fs = std::filesystem;

bool wantsStandardOutput() {
#if defined(_WIN32)
  return false;
#else
  return &SHOW_SIM_OUTPUT != nullptr && SHOW_SIM_OUTPUT != 0;
#endif
}

// `.` and the text of the environment variable that describes a simulation, or nothing.
std::string description() {
  const char* text = std::getenv("SIM_DESC");
  return text == nullptr ? "" : std::string(".") + text;
}

// A name that does not exist: a number goes before the suffix where need be.
std::string freeName(const std::string& stem, const std::string& suffix) {
  std::string name = stem + suffix;
  for (int number = 1; fs::exists(name); ++number) name = stem + "." + std::to_string(number) + suffix;
  return name;
}

void openFile(std::ofstream& file, const std::string& name) {
  file.open(name, std::ios::binary);
  if (!file) throw std::runtime_error(name + ": cannot be written");
}

std::string baseName(const std::string& path) { return fs::path(path).filename().string(); }

std::string withoutIni(const std::string& name) {
  const std::size_t at = name.rfind(".ini");
  return at == std::string::npos ? name : name.substr(0, at);
}

// `received` is the tick in which the command reaches its rank.
void write(std::ostream& out, const dram::CommandRecord& c, Tick received) {
  using dram::Command;
  switch (c.command) {
    case Command::Read:
    case Command::ReadAuto:
      out << received << ": read (" << c.rank << ',' << c.bank << ',' << c.column << ','
          << (c.command == Command::ReadAuto) << ");\n";
      break;
    case Command::Write:
    case Command::WriteAuto:
      out << received << ": write (" << c.rank << ',' << c.bank << ',' << c.column << ','
          << (c.command == Command::WriteAuto ? "1" : "0 ") << ", 0, 'h0);\n";
      break;
    case Command::Activate:
      out << received << ": activate (" << c.rank << ',' << c.bank << ',' << c.row << ");\n";
      break;
    case Command::Precharge:
      out << received << ": precharge (" << c.rank << ',' << c.bank << ",0);\n";
      break;
    case Command::Refresh: out << received << ": refresh (" << c.rank << ");\n"; break;
    case Command::PowerDownEntry:
    case Command::PowerDownExit: break;
  }
}

}  // namespace

std::string Outputs::visName() const {
  if (!names_.vis.empty()) return names_.vis;
  const dram::Config& c = settings_.config();
  const std::string where = (names_.pwd.empty() ? "" : names_.pwd + "/") + "results/" + baseName(names_.trace) +
                            description() + "/" + withoutIni(baseName(names_.device));
  std::error_code failed;
  fs::create_directories(where, failed);
  if (failed) throw std::runtime_error(where + ": cannot be made: " + failed.message());
  std::ostringstream name;
  name << where << '/' << c.storageMegabytes() / 1024 << "GB." << c.NUM_CHANS << "Ch." << c.numRanks() << "R."
       << settings_.text("ADDRESS_MAPPING_SCHEME") << '.' << settings_.text("ROW_BUFFER_POLICY") << '.'
       << c.TRANS_QUEUE_DEPTH << "TQ." << c.CMD_QUEUE_DEPTH << "CQ."
       << (c.schedulingOrder == dram::SchedulingOrder::RankThenBank ? "RtB" : "BtR") << '.'
       << (c.perBankQueues() ? "pRankpBank" : "pRank") << description();
  return name.str();
}

void Outputs::open() {
#if defined(SCANFUSE_DRAMSIM2_LOG)
  openFile(log_, freeName("dramsim" + description(), ".log"));
#endif
  if (settings_.flag("VIS_FILE_OUTPUT")) {
    openFile(visFile_, freeName(visName(), ".vis"));
    vis_ = std::make_unique<dram::VisWriter>(visFile_, settings_.config());
    vis_->head(settings_.systemTexts(), settings_.deviceTexts());
  }
  if (settings_.flag("VERIFICATION_OUTPUT"))
    openFile(commandFile_, "sim_out_" + baseName(names_.device) + description() + ".tmp");
}

void Outputs::text(const std::string& statistics) {
  if (log_.is_open()) log_ << statistics << std::flush;
  if (wantsStandardOutput()) std::cout << statistics << std::flush;
}

void Outputs::commands(const std::vector<Lane>& lanes, Tick now) {
  if (!commandFile_.is_open()) return;
  written_.resize(lanes.size());
  while (true) {
    std::size_t first = lanes.size();  // the channel of the next command: the earliest, then the lowest
    Tick at = now;
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const auto& all = lanes[i].commands();
      if (written_[i] == all.size() || all[written_[i]].tick + 1 >= at) continue;
      at = all[written_[i]].tick + 1;
      first = i;
    }
    if (first == lanes.size()) return;
    write(commandFile_, lanes[first].commands()[written_[first]++], at);
  }
}

void Outputs::flush() {
  for (std::ofstream* file : {&log_, &visFile_, &commandFile_})
    if (file->is_open()) file->flush();
}

}  // namespace scanfuse::dramsim2_api
