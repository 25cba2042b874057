// libFuzzer target: any two ini files, overrides and size through the reader of DRAMSim2's interface. They are
// refused in words, or they make a configuration that the engine takes.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include "settings/settings.hpp"
#include "fuzz/bytes.hpp"

namespace {

using scanfuse::settings::Settings;

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// One fuzzed text cut at its null characters: device file, system file, overrides key by value.
std::string next(std::string_view& rest) {
  const std::size_t end = rest.find('\0');
  const std::string piece(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return piece;
}

std::string written(const char* name, const std::string& text) {
  static const std::string stem = "/tmp/scanfuse_fuzz_" + std::to_string(getpid()) + "_";
  const std::string path = stem + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::cerr.setstate(std::ios::failbit);  // its warnings
  scanfuse::fuzz::Bytes in(data, size);
  const std::uint64_t megabytes = in.byte() % 4 != 0 ? std::uint64_t{1} << in.byte() % 20 : in.word();
  std::string_view rest = in.rest();
  const std::string device = written("device.ini", next(rest)), system = written("system.ini", next(rest));
  Settings::Overrides overrides;
  while (!rest.empty()) {
    const std::string key = next(rest);
    overrides[key] = next(rest);
  }
  try {
    const Settings settings(device, system, overrides, megabytes);
    settings.config().validate();
    require(!settings.deviceTexts().empty() && !settings.systemTexts().empty(), "no texts");
    const scanfuse::settings::Value* speed = settings.find("tCK");
    require(speed && speed->real == settings.config().tCK, "a setting was lost");
  } catch (const std::invalid_argument& error) {
    require(error.what()[0] != '\0', "refused without a word");
  }
  unlink(device.c_str());
  unlink(system.c_str());
  return 0;
}
