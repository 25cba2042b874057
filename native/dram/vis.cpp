#include "dram/vis.hpp"

#include <cstdint>

namespace scanfuse::dram {

void VisWriter::head(const IniTexts& system, const IniTexts& device) {
  const std::uint32_t ranks = config_.numRanks();
  out_ << "!!SYSTEM_INI\n";
  for (const auto& [key, value] : system) out_ << key << '=' << value << '\n';
  out_ << "NUM_RANKS=" << ranks << '\n';
  out_ << "!!DEVICE_INI\n";
  for (const auto& [key, value] : device) out_ << key << '=' << value << '\n';
  out_ << "!!EPOCH_DATA\n";
  out_ << "ms,";
  for (std::uint32_t c = 0; c < config_.NUM_CHANS; ++c) {
    for (std::uint32_t r = 0; r < ranks; ++r) {
      for (const char* name : {"Background_Power", "ACT_PRE_Power", "Burst_Power", "Refresh_Power"})
        out_ << name << '[' << c << "][" << r << "],";
      for (std::uint32_t b = 0; b < config_.NUM_BANKS; ++b)
        for (const char* name : {"Bandwidth", "Average_Latency"})
          out_ << name << '[' << c << "][" << r << "][" << b << "],";
      for (const char* name : {"Rank_Aggregate_Bandwidth", "Rank_Average_Bandwidth"})
        out_ << name << '[' << c << "][" << r << "],";
    }
    for (const char* name : {"Aggregate_Bandwidth", "Average_Bandwidth"}) out_ << name << '[' << c << "],";
  }
  out_ << '\n';
}

void VisWriter::beginLine(Tick now) { out_ << static_cast<float>(now) * config_.tCK * 1e-6 << ','; }

void VisWriter::channel(Tick now, const ChannelFigures& figures) {
  const EpochValues values(config_, now);
  const std::size_t ranks = figures.ranks.size();
  double total = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    const Watts watts = values.power(figures.ranks[r]);
    out_ << watts.background << ',' << watts.actpre << ',' << watts.burst << ',' << watts.refresh << ',';
    double ofRank = 0;
    for (std::size_t b = 0; b < config_.NUM_BANKS; ++b) {
      const BankCounters& bank = figures.banks[r * config_.NUM_BANKS + b];
      const double bandwidth = values.bandwidth(bank);
      ofRank += bandwidth;
      total += bandwidth;
      out_ << bandwidth << ',';
      if (bank.reads == 0) {
        out_ << "-nan,";  // 0/0 as it prints on x86, whatever this machine makes of it
      } else {
        out_ << values.latency(bank) << ',';
      }
    }
    // Sic: the average over banks divides by the number of ranks (quirk Q14).
    out_ << ofRank << ',' << ofRank / static_cast<double>(ranks) << ',';
  }
  out_ << total << ',' << total / static_cast<double>(figures.banks.size()) << ',';
}

void VisWriter::histogram(const LatencyHistogram& latencies) {
  out_ << "!!HISTOGRAM_DATA\n";
  for (const auto& [bin, count] : latencies.bins()) out_ << bin << '=' << count << '\n';
}

void VisWriter::endLine() { out_ << '\n'; }

void writeVis(std::ostream& out, const System& system, const IniTexts& systemIni, const IniTexts& deviceIni) {
  const Config& config = system.config();
  VisWriter vis(out, config);
  vis.head(systemIni, deviceIni);
  const std::size_t ranks = config.numRanks();
  std::vector<EpochRecord> records = system.epochs();
  if (records.empty())  // not a single tick: the line of the end stands alone
    for (std::uint32_t c = 0; c < config.NUM_CHANS; ++c)
      for (std::uint32_t r = 0; r < ranks; ++r)
        records.push_back({0, c, r, {}, std::vector<BankCounters>(config.NUM_BANKS)});
  const std::size_t perLine = ranks * config.NUM_CHANS;
  for (std::size_t line = 0; line < records.size(); line += perLine) {
    const Tick end = records[line].end;
    const bool last = line + perLine == records.size();
    vis.beginLine(end);
    for (std::uint32_t c = 0; c < config.NUM_CHANS; ++c) {
      ChannelFigures figures;
      for (std::size_t r = 0; r < ranks; ++r) {
        const EpochRecord& record = records[line + c * ranks + r];
        figures.ranks.push_back(record.energy);
        figures.banks.insert(figures.banks.end(), record.banks.begin(), record.banks.end());
      }
      vis.channel(end, figures);
      if (last) vis.histogram(system.channels()[c].latencies());
    }
    vis.endLine();
  }
}

}  // namespace scanfuse::dram
