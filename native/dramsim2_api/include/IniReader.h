// Settings that replace those of the ini files, as the constructor of MultiChannelMemorySystem takes them.
#ifndef SCANFUSE_DRAMSIM2_INI_READER_H
#define SCANFUSE_DRAMSIM2_INI_READER_H

#include <map>
#include <string>

namespace DRAMSim {

class IniReader {
 public:
  typedef std::map<std::string, std::string> OverrideMap;
  typedef OverrideMap::const_iterator OverrideIterator;
};

}  // namespace DRAMSim

#endif
