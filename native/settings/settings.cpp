#include "settings/settings.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace scanfuse::settings {
namespace {

struct Key {
  const char* name;
  Kind kind;
};

constexpr Kind U = Kind::Uint, F = Kind::Float, B = Kind::Bool, T = Kind::Text;

constexpr Key kDevice[] = {
    {"NUM_BANKS", U}, {"NUM_ROWS", U}, {"NUM_COLS", U}, {"DEVICE_WIDTH", U}, {"REFRESH_PERIOD", U}, {"tCK", F},
    {"CL", U},        {"AL", U},       {"BL", U},       {"tRAS", U},         {"tRCD", U},           {"tRRD", U},
    {"tRC", U},       {"tRP", U},      {"tCCD", U},     {"tRTP", U},         {"tWTR", U},           {"tWR", U},
    {"tRTRS", U},     {"tRFC", U},     {"tFAW", U},     {"tCKE", U},         {"tXP", U},            {"tCMD", U},
    {"IDD0", U},      {"IDD1", U},     {"IDD2P", U},    {"IDD2Q", U},        {"IDD2N", U},          {"IDD3Pf", U},
    {"IDD3Ps", U},    {"IDD3N", U},    {"IDD4W", U},    {"IDD4R", U},        {"IDD5", U},           {"IDD6", U},
    {"IDD6L", U},     {"IDD7", U},     {"Vdd", F},
};

constexpr Key kSystem[] = {
    {"NUM_CHANS", U},         {"JEDEC_DATA_BUS_BITS", U}, {"TRANS_QUEUE_DEPTH", U},      {"CMD_QUEUE_DEPTH", U},
    {"EPOCH_LENGTH", U},      {"USE_LOW_POWER", B},       {"TOTAL_ROW_ACCESSES", U},     {"ROW_BUFFER_POLICY", T},
    {"SCHEDULING_POLICY", T}, {"ADDRESS_MAPPING_SCHEME", T}, {"QUEUING_STRUCTURE", T},   {"DEBUG_TRANS_Q", B},
    {"DEBUG_CMD_Q", B},       {"DEBUG_ADDR_MAP", B},      {"DEBUG_BANKSTATE", B},        {"DEBUG_BUS", B},
    {"DEBUG_BANKS", B},       {"DEBUG_POWER", B},         {"VIS_FILE_OUTPUT", B},        {"VERIFICATION_OUTPUT", B},
};

std::string stripped(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> linesOf(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file + ": cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (lines.empty() && line.compare(0, 3, "\xef\xbb\xbf") == 0) line.erase(0, 3);
    lines.push_back(line.substr(0, line.find(';')));
  }
  if (in.bad()) throw std::runtime_error(file + ": cannot be read");
  return lines;
}

// DRAMSim2 stops at a blank line with a Windows end, so in a file that has one they can be read as meant;
// elsewhere they belong to the value, as there.
bool hasWindowsEnds(const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    if (!line.empty() && line.back() == '\r' && stripped(line).empty()) return true;
  return false;
}

template <class Number>
bool parsed(const std::string& text, Number& number) {
  std::istringstream in(text);
  return static_cast<bool>(in >> number);
}

template <class Number>
std::string shown(Number number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

template <std::size_t N>
dram::IniTexts textsOf(const Key (&keys)[N], const Settings& settings) {
  dram::IniTexts texts;
  for (const Key& key : keys) {
    const Value& value = *settings.find(key.name);
    switch (value.kind) {
      case Kind::Uint: texts.emplace_back(key.name, shown(value.uint)); break;
      case Kind::Float: texts.emplace_back(key.name, shown(value.real)); break;
      case Kind::Bool: texts.emplace_back(key.name, value.flag ? "true" : "false"); break;
      case Kind::Text: texts.emplace_back(key.name, value.text); break;
    }
  }
  return texts;
}

}  // namespace

Settings::Settings(const std::string& deviceFile, const std::string& systemFile, const Overrides& overrides,
                   std::uint64_t megabytes) {
  for (const Key& key : kDevice) values_[key.name].kind = key.kind;
  for (const Key& key : kSystem) values_[key.name].kind = key.kind;
  read(deviceFile);
  read(systemFile);
  // The address mapping keeps to the files (quirk Q1).
  config_.mapped = {find("NUM_BANKS")->uint, find("NUM_CHANS")->uint,           find("NUM_ROWS")->uint,
                    find("NUM_COLS")->uint,  find("JEDEC_DATA_BUS_BITS")->uint, find("BL")->uint};
  for (const auto& [key, text] : overrides) set(key, text, "override");
  std::string missing;
  for (const auto& [key, value] : values_)
    if ((value.kind == Kind::Uint || value.kind == Kind::Float) && origins_.count(key) == 0) missing += " " + key;
  if (!missing.empty())
    throw std::invalid_argument(deviceFile + ", " + systemFile + ": missing" + missing);
  makeConfig(megabytes);
}

const Value* Settings::find(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

dram::IniTexts Settings::systemTexts() const { return textsOf(kSystem, *this); }
dram::IniTexts Settings::deviceTexts() const { return textsOf(kDevice, *this); }

void Settings::read(const std::string& file) {
  std::vector<std::string> lines = linesOf(file);
  const bool windows = hasWindowsEnds(lines);
  for (std::size_t number = 1; number <= lines.size(); ++number) {
    std::string& line = lines[number - 1];
    if (windows && !line.empty() && line.back() == '\r') line.pop_back();
    line.erase(line.find_last_not_of(" \t") + 1);
    if (stripped(line).empty()) continue;
    const std::string where = file + ":" + shown(number);
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos)
      throw std::invalid_argument(where + ": found '" + line + "': expected KEY=value or a comment after ';'");
    const std::string key = line.substr(0, equals);
    const std::string value = line.substr(equals + 1);
    if (set(key, value, where)) continue;
    // Blanks around the key of a number, which DRAMSim2 does not know then, can be read as meant.
    const std::string trimmed = stripped(key);
    const Value* meant = find(trimmed);
    if (meant && (meant->kind == Kind::Uint || meant->kind == Kind::Float) && origins_.count(trimmed) == 0)
      set(trimmed, value, where);
  }
}

// False for an unknown key, which is ignored as in DRAMSim2.
bool Settings::set(const std::string& key, const std::string& text, const std::string& where) {
  const auto found = values_.find(key);
  if (found == values_.end()) return false;
  Value& value = found->second;
  bool good = true;
  switch (value.kind) {
    case Kind::Uint: good = parsed(text, value.uint); break;
    case Kind::Float: good = parsed(text, value.real); break;
    case Kind::Bool: value.flag = text == "true" || text == "1"; break;
    case Kind::Text: value.text = text; break;
  }
  if (!good) throw std::invalid_argument(where + ": " + key + "=" + text + ": must be a number");
  origins_[key] = where;
  return true;
}

void Settings::makeConfig(std::uint64_t megabytes) {
  for (const std::string& key : dram::uintKeys()) dram::setUint(config_, key, find(key)->uint);
  config_.tCK = find("tCK")->real;
  config_.Vdd = find("Vdd")->real;
  config_.USE_LOW_POWER = flag("USE_LOW_POWER");
  config_.megabytes = megabytes;
  // The second text is what any other amounts to.
  const auto isFirst = [this](const char* key, const char* first, const char* second) {
    const std::string& found = text(key);
    if (found != first && found != second)
      warnings_.push_back(std::string(key) + "=" + found + ": not one of " + first + ", " + second + "; read as " +
                          second);
    return found == first;
  };
  config_.rowPolicy = isFirst("ROW_BUFFER_POLICY", "open_page", "close_page") ? dram::RowPolicy::OpenPage
                                                                              : dram::RowPolicy::ClosePage;
  config_.schedulingOrder =
      isFirst("SCHEDULING_POLICY", "rank_then_bank_round_robin", "bank_then_rank_round_robin")
          ? dram::SchedulingOrder::RankThenBank
          : dram::SchedulingOrder::BankThenRank;
  config_.queueStructure = isFirst("QUEUING_STRUCTURE", "per_rank", "per_rank_per_bank")
                               ? dram::QueueStructure::PerRank
                               : dram::QueueStructure::PerRankPerBank;
  const std::string& scheme = text("ADDRESS_MAPPING_SCHEME");
  config_.mappingScheme = 1;
  if (scheme.size() == 7 && scheme.compare(0, 6, "scheme") == 0 && scheme[6] >= '1' && scheme[6] <= '7') {
    config_.mappingScheme = static_cast<std::uint32_t>(scheme[6] - '0');
  } else {
    warnings_.push_back("ADDRESS_MAPPING_SCHEME=" + scheme + ": not one of scheme1 to scheme7; read as scheme1");
  }
  try {
    config_.validate();
  } catch (const dram::ConfigError& error) {
    const auto origin = origins_.find(error.key);
    throw std::invalid_argument((origin == origins_.end() ? "" : origin->second + ": ") + error.what());
  }
}

}  // namespace scanfuse::settings
