// The public face: DRAMSim2's names onto the core.
#include <iostream>
#include <memory>

#include "core.hpp"

namespace DRAMSim {
namespace {

using scanfuse::dramsim2_api::Names;
using scanfuse::settings::Kind;
using scanfuse::settings::Settings;
using scanfuse::settings::Value;

std::string under(const std::string& folder, const std::string& file) {
  return folder.empty() || (!file.empty() && file[0] == '/') ? file : folder + "/" + file;
}

Settings settingsOf(const std::string& device, const std::string& system, const std::string& pwd, unsigned megabytes,
                    const IniReader::OverrideMap* overrides) {
  Settings settings(under(pwd, device), under(pwd, system), overrides ? *overrides : IniReader::OverrideMap(),
                    megabytes);
  for (const std::string& warning : settings.warnings()) std::cerr << "scanfuse dramsim: warning: " << warning << '\n';
  return settings;
}

template <class Result>
int get(const Settings& settings, const std::string& key, Kind kind, Result Value::*member, Result* result) {
  const Value* value = settings.find(key);
  if (value == nullptr || value->kind != kind) return -1;
  *result = value->*member;
  return 0;
}

}  // namespace

MultiChannelMemorySystem::MultiChannelMemorySystem(const std::string& deviceIniFilename,
                                                   const std::string& systemIniFilename, const std::string& pwd,
                                                   const std::string& traceFilename, unsigned megsOfMemory,
                                                   std::string* visFilename,
                                                   const IniReader::OverrideMap* paramOverrides)
    : core_(new Core(settingsOf(deviceIniFilename, systemIniFilename, pwd, megsOfMemory, paramOverrides),
                     Names{deviceIniFilename, pwd, traceFilename, visFilename ? *visFilename : std::string()})) {}

MultiChannelMemorySystem::~MultiChannelMemorySystem() { delete core_; }

bool MultiChannelMemorySystem::addTransaction(bool isWrite, uint64_t addr) {
  return core_->add(isWrite, addr, nullptr, true);
}

bool MultiChannelMemorySystem::addTransaction(Transaction* transaction) {
  if (transaction->transactionType == RETURN_DATA)
    throw std::invalid_argument("addTransaction: a transaction must be DATA_READ or DATA_WRITE");
  return core_->add(transaction->transactionType == DATA_WRITE, transaction->address, transaction, false);
}

bool MultiChannelMemorySystem::addTransaction(const Transaction& transaction) {
  auto own = std::make_unique<Transaction>(transaction);
  const bool taken = addTransaction(own.get());
  if (taken) static_cast<void>(own.release());
  return taken;
}

bool MultiChannelMemorySystem::willAcceptTransaction() { return core_->hasRoom(); }
bool MultiChannelMemorySystem::willAcceptTransaction(uint64_t addr) { return core_->hasRoom(addr); }
void MultiChannelMemorySystem::update() { core_->update(); }
void MultiChannelMemorySystem::setCPUClockSpeed(uint64_t cpuClkFreqHz) { core_->setCpuHz(cpuClkFreqHz); }
void MultiChannelMemorySystem::printStats(bool finalStats) { core_->report(finalStats); }
std::ostream& MultiChannelMemorySystem::getLogFile() { return core_->log(); }

void MultiChannelMemorySystem::RegisterCallbacks(TransactionCompleteCB* readDone, TransactionCompleteCB* writeDone,
                                                 void (*reportPower)(double, double, double, double)) {
  core_->setCallbacks(readDone, writeDone);
  Core::setPowerCallback(reportPower);
}

int MultiChannelMemorySystem::getIniBool(const std::string& field, bool* val) {
  return get(core_->settings(), field, Kind::Bool, &Value::flag, val);
}

int MultiChannelMemorySystem::getIniUint(const std::string& field, unsigned int* val) {
  return get(core_->settings(), field, Kind::Uint, &Value::uint, val);
}

int MultiChannelMemorySystem::getIniUint64(const std::string&, uint64_t*) { return -1; }  // no key is of this type

int MultiChannelMemorySystem::getIniFloat(const std::string& field, float* val) {
  return get(core_->settings(), field, Kind::Float, &Value::real, val);
}

MultiChannelMemorySystem* getMemorySystemInstance(const std::string& dev, const std::string& sys,
                                                  const std::string& pwd, const std::string& trc,
                                                  unsigned megsOfMemory, std::string* visfilename) {
  return new MultiChannelMemorySystem(dev, sys, pwd, trc, megsOfMemory, visfilename);
}

}  // namespace DRAMSim

extern "C" void libdramsim_is_present(void) {}
