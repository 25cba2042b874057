#include "bindings/convert.hpp"

#include <string>

namespace scanfuse::bindings {
namespace {

using dram::Channel;
using dram::RankFigures;

template <class Visit>
void eachRank(dram::System& system, Visit visit) {
  for (std::uint32_t c = 0; c < system.channels().size(); ++c) {
    Channel& channel = system.channels()[c];
    for (std::uint32_t r = 0; r < channel.numRanks(); ++r) visit(c, r, channel.rank(r));
  }
}

// Columns of 64-bit figures, filled row by row: unsigned, but for the energies of strict mode, which may be
// negative where a burst draws less than standby does.
class Table {
 public:
  explicit Table(std::vector<const char*> names, std::size_t counts = ~std::size_t{0})
      : names_(std::move(names)), columns_(names_.size()), counts_(counts) {}
  // The columns from the `counts`th on are energies.
  static Table withEnergies(const dram::System& system, std::vector<const char*> names, std::size_t counts) {
    return system.config().strict() ? Table(std::move(names), counts) : Table(std::move(names));
  }
  void row(std::initializer_list<std::uint64_t> values) {
    std::size_t i = 0;
    for (const std::uint64_t value : values) columns_[i++].push_back(value);
  }
  py::dict finish() {
    py::dict out;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (i < counts_) {
        out[names_[i]] = toArray(std::move(columns_[i]));
      } else {
        out[names_[i]] = toArray(std::vector<std::int64_t>(columns_[i].begin(), columns_[i].end()));
      }
    }
    return out;
  }

 private:
  std::vector<const char*> names_;
  std::vector<std::vector<std::uint64_t>> columns_;
  std::size_t counts_;  // columns that are unsigned
};

}  // namespace

dram::Config toConfig(const py::dict& values) {
  dram::Config config;
  for (const std::string& key : dram::uintKeys())
    dram::setUint(config, key, values[py::str(key)].cast<std::uint32_t>());
  config.tCK = values["tCK"].cast<float>();
  config.Vdd = values["Vdd"].cast<float>();
  config.USE_LOW_POWER = values["USE_LOW_POWER"].cast<bool>();
  config.rowPolicy = values["open_page"].cast<bool>() ? dram::RowPolicy::OpenPage : dram::RowPolicy::ClosePage;
  config.schedulingOrder = values["rank_then_bank"].cast<bool>() ? dram::SchedulingOrder::RankThenBank
                                                                 : dram::SchedulingOrder::BankThenRank;
  config.queueStructure =
      values["per_rank"].cast<bool>() ? dram::QueueStructure::PerRank : dram::QueueStructure::PerRankPerBank;
  config.mode = values["strict"].cast<bool>() ? dram::Mode::Strict : dram::Mode::DramSim2;
  config.mappingScheme = values["scheme"].cast<std::uint32_t>();
  config.megabytes = values["megabytes"].cast<std::uint64_t>();
  const py::dict mapped = values["mapped"];
  config.mapped.NUM_BANKS = mapped["NUM_BANKS"].cast<std::uint32_t>();
  config.mapped.NUM_CHANS = mapped["NUM_CHANS"].cast<std::uint32_t>();
  config.mapped.NUM_ROWS = mapped["NUM_ROWS"].cast<std::uint32_t>();
  config.mapped.NUM_COLS = mapped["NUM_COLS"].cast<std::uint32_t>();
  config.mapped.JEDEC_DATA_BUS_BITS = mapped["JEDEC_DATA_BUS_BITS"].cast<std::uint32_t>();
  config.mapped.BL = mapped["BL"].cast<std::uint32_t>();
  return config;
}

py::dict energyTable(dram::System& system) {
  Table table = Table::withEnergies(system, {"channel", "rank", "background", "burst", "actpre", "refresh"}, 2);
  eachRank(system, [&](std::uint32_t c, std::uint32_t r, const RankFigures& rank) {
    table.row({c, r, rank.energy.background, rank.energy.burst, rank.energy.actpre, rank.energy.refresh});
  });
  return table.finish();
}

py::dict counterTable(dram::System& system) {
  Table table({"channel", "rank", "reads", "writes", "activates", "precharges", "refreshes", "row_hits",
               "power_down_ticks", "power_down_entries"});
  eachRank(system, [&](std::uint32_t c, std::uint32_t r, const RankFigures& rank) {
    const dram::RankCounters& n = rank.counters;
    table.row({c, r, n.reads, n.writes, n.activates, n.precharges, n.refreshes, n.rowHits, n.powerDownTicks,
               n.powerDownEntries});
  });
  return table.finish();
}

py::dict bankTable(dram::System& system) {
  Table table({"channel", "rank", "bank", "reads", "writes", "latency_sum_ticks"});
  for (std::uint32_t c = 0; c < system.channels().size(); ++c) {
    const Channel& channel = system.channels()[c];
    for (std::uint32_t r = 0; r < channel.numRanks(); ++r)
      for (std::uint32_t b = 0; b < channel.numBanks(); ++b) {
        const dram::BankCounters& n = channel.bankCounters(r, b);
        table.row({c, r, b, n.reads, n.writes, n.latencySum});
      }
  }
  return table.finish();
}

py::dict ownerTable(const dram::System& system) {
  Table table =
      Table::withEnergies(system, {"owner", "reads", "writes", "activates", "row_hits", "burst", "actpre"}, 5);
  const auto& counters = system.owners().counters();
  const dram::EnergySteps steps(system.config());
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const dram::OwnerCounters& n = counters[i];
    table.row({system.owners().owners()[i], n.reads, n.writes, n.activates, n.rowHits, n.burst(steps), n.actpre(steps)});
  }
  return table.finish();
}

py::dict commandTable(const dram::System& system) {
  using Record = dram::CommandRecord;
  const std::vector<Record> records = system.commands();
  py::dict out;
  out["tick"] = column<std::int64_t>(records, [](const Record& r) { return r.tick; });
  out["command"] = column<std::uint8_t>(records, [](const Record& r) { return static_cast<int>(r.command); });
  out["channel"] = column<std::uint32_t>(records, [](const Record& r) { return r.channel; });
  out["rank"] = column<std::uint32_t>(records, [](const Record& r) { return r.rank; });
  out["bank"] = column<std::uint32_t>(records, [](const Record& r) { return r.bank; });
  out["row"] = column<std::uint32_t>(records, [](const Record& r) { return r.row; });
  out["column"] = column<std::uint32_t>(records, [](const Record& r) { return r.column; });
  return out;
}

py::dict epochTable(const dram::System& system) {
  Table table = Table::withEnergies(
      system, {"end_tick", "channel", "rank", "background", "burst", "actpre", "refresh"}, 3);
  for (const dram::EpochRecord& r : system.epochs())
    table.row({r.end, r.channel, r.rank, r.energy.background, r.energy.burst, r.energy.actpre, r.energy.refresh});
  return table.finish();
}

py::dict epochBankTable(const dram::System& system) {
  Table table({"end_tick", "channel", "rank", "bank", "reads", "writes", "latency_sum_ticks"});
  for (const dram::EpochRecord& r : system.epochs())
    for (std::uint32_t b = 0; b < r.banks.size(); ++b)
      table.row({r.end, r.channel, r.rank, b, r.banks[b].reads, r.banks[b].writes, r.banks[b].latencySum});
  return table.finish();
}

py::list latencyHistograms(const dram::System& system) {
  py::list out;
  for (const Channel& channel : system.channels()) {
    py::dict bins;
    for (const auto& [low, count] : channel.latencies().bins()) bins[py::int_(low)] = py::int_(count);
    out.append(bins);
  }
  return out;
}

py::tuple completionArrays(const std::vector<dram::Completion>& completions) {
  using Each = dram::Completion;
  return py::make_tuple(column<std::uint64_t>(completions, [](const Each& each) { return each.tag; }),
                        column<std::int64_t>(completions, [](const Each& each) { return each.tick; }));
}

}  // namespace scanfuse::bindings
