"""What a run comes to: tables by layer, run folders, golden figures, checks that hold them together."""

from scanfuse.results.agreement import AgreementError, check_agreement
from scanfuse.results.comparison import Comparison, compare
from scanfuse.results.difference import Difference
from scanfuse.results.folder import write_run
from scanfuse.results.golden import compare_golden, update_golden
from scanfuse.results.golden_file import Golden, GoldenError, load_golden
from scanfuse.results.mapping_file import load_mapping, mapping_format, save_mapping
from scanfuse.results.mapping_table import explanation_document, mapping_summary
from scanfuse.results.memory_costs import memory_costs
from scanfuse.results.record import Record, RunFolderError, load_record, record
from scanfuse.results.run import Progress, Run, explain_mapping, map_network, prove, run, run_mapping
from scanfuse.results.setup import Setup, dram_config, load_setup
from scanfuse.results.summary import summary
from scanfuse.results.table import COLUMNS, TOTAL_COLUMNS, layer_table, total_row

__all__ = [
    "COLUMNS",
    "TOTAL_COLUMNS",
    "AgreementError",
    "Comparison",
    "Difference",
    "Golden",
    "GoldenError",
    "Progress",
    "Record",
    "Run",
    "RunFolderError",
    "Setup",
    "check_agreement",
    "compare",
    "compare_golden",
    "dram_config",
    "explain_mapping",
    "explanation_document",
    "layer_table",
    "load_golden",
    "load_mapping",
    "load_record",
    "load_setup",
    "map_network",
    "mapping_format",
    "mapping_summary",
    "memory_costs",
    "prove",
    "record",
    "run",
    "run_mapping",
    "save_mapping",
    "summary",
    "total_row",
    "update_golden",
    "write_run",
]
