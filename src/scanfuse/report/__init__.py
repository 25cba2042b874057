"""Figures of results: a page that needs nothing else, or files for a paper. Made of results alone; what
is not in them is not computed here."""

from scanfuse.report.charts import Figure
from scanfuse.report.comparison_page import comparison_page
from scanfuse.report.errors import ReportError
from scanfuse.report.plot import write_figures
from scanfuse.report.run_figures import run_figures
from scanfuse.report.run_page import run_page

__all__ = ["Figure", "ReportError", "comparison_page", "run_figures", "run_page", "write_figures"]
