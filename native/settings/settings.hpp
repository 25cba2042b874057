// The settings of a memory system from two ini files and overrides, read as DRAMSim2 reads them:
//
//   const scanfuse::settings::Settings settings("device.ini", "system.ini", {{"NUM_CHANS", "2"}}, 2048);
//   scanfuse::dram::Memory memory(settings.config());
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dram/config.hpp"
#include "dram/vis.hpp"

namespace scanfuse::settings {

enum class Kind : std::uint8_t { Uint, Float, Bool, Text };

// One setting: its value in the member that its kind names.
struct Value {
  Kind kind = Kind::Uint;
  std::uint32_t uint = 0;
  float real = 0;
  bool flag = false;
  std::string text;
};

class Settings {
 public:
  using Overrides = std::map<std::string, std::string>;

  // Throws std::runtime_error for a file that cannot be read, std::invalid_argument for settings that
  // are malformed, missing or outside the domain of the model.
  Settings(const std::string& deviceFile, const std::string& systemFile, const Overrides& overrides,
           std::uint64_t megabytes);

  const dram::Config& config() const { return config_; }
  // What was read as something else than it says, a line each.
  const std::vector<std::string>& warnings() const { return warnings_; }
  const Value* find(const std::string& key) const;  // null for an unknown key
  bool flag(const std::string& key) const { return find(key)->flag; }
  const std::string& text(const std::string& key) const { return find(key)->text; }
  // All settings as text, in the order of the .vis file.
  dram::IniTexts systemTexts() const;
  dram::IniTexts deviceTexts() const;

 private:
  void read(const std::string& file);
  bool set(const std::string& key, const std::string& text, const std::string& where);
  void makeConfig(std::uint64_t megabytes);

  std::map<std::string, Value> values_;
  std::map<std::string, std::string> origins_;  // where each was set
  dram::Config config_;
  std::vector<std::string> warnings_;
};

}  // namespace scanfuse::settings
