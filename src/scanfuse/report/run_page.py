"""The page of one run."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from scanfuse.report.markup import node, number
from scanfuse.report.page import facts, gallery, page_text
from scanfuse.report.run_figures import run_figures
from scanfuse.results.record import Record


def run_page(record: Record, layer: str | None = None) -> str:
    """The page of a run; layer: whose tiles are drawn. Raises ReportError."""
    title = title_of(record)
    return page_text(
        title, node("h1", title), *totals(record), gallery(run_figures(record, layer)), foot(record)
    )


def title_of(record: Record) -> str:
    summary = record.summary
    return f"{summary['network']}: schedule {summary['schedule']}, hardware {summary['hardware']}"


def totals(record: Record) -> list[Element]:
    """What the run comes to."""
    summary, total = record.summary, record.summary["total"]
    shown = [
        ("time", _scaled(total.get("latency_us"), 1e-3, "ms")),
        ("DRAM energy", _scaled(total.get("dram_nj"), 1e-3, "µJ")),
        ("total energy", _scaled(total.get("total_nj"), 1e-3, "µJ")),
        ("entries moved", number(summary["entries"])),
        ("least, layer by layer", number(summary["bounds"].get("layer_by_layer_entries"))),
        ("MACs computed again", number(summary["extra_macs"])),
        ("stall", _scaled(total.get("stall_us"), 1e-3, "ms")),
        ("row hits", _scaled(total.get("row_hit_rate"), 100, "%")),
        ("of peak bandwidth", _scaled(total.get("bandwidth_utilization"), 100, "%")),
        ("PE array in use", _scaled(total.get("pe_utilization"), 100, "%")),
    ]
    dram = summary.get("dram")
    part = dram.get("name") if isinstance(dram, dict) else None
    told = f"{len(record.layers)} layers" + (f"; DRAM {part}" if part else "")
    return [node("p", told, class_="sub"), facts(shown)]


def foot(record: Record) -> Element:
    versions = record.summary.get("versions")
    made = versions.get("scanfuse") if isinstance(versions, dict) else None
    return node("footer", f"Made by scanfuse {made}." if made else "Made by scanfuse.", class_="note")


def _scaled(value: float | None, scale: float, unit: str) -> str:
    return "–" if value is None else f"{number(value * scale)} {unit}"
