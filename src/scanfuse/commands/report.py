"""`scanfuse report`: the figures of a run, on a page or for a paper."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "the figures of a run: a page to look at, or files for a paper"
DESCRIPTION = """Draw what a run folder holds (scanfuse run --out DIR): energy of each layer by cause and by
tensor, time in compute, stall and memory, buffer occupancy, DRAM bandwidth and row hits over time, the
roofline, what runs as one, and the tiles of a layer in raster and in Scan order.

--format html (the default) writes one page that needs nothing else, no network either: every figure has
its numbers as tooltips, as a table, and as CSV to be kept. png, svg and pdf write a file per figure into a
folder; they need matplotlib (pip install 'scanfuse[plot]')."""
EPILOG = """examples:
  scanfuse report runs/mobilenet_v2-fused
  scanfuse report runs/mobilenet_v2-fused -o fused.html --layer b3.expand
  scanfuse report runs/mobilenet_v2-fused --format pdf -o paper/figures
"""
FORMATS = ("html", "png", "svg", "pdf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="the folder of a run")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="PATH",
        help="the page (RUN_DIR/report.html if not given), or the folder for the files of figures "
        "(RUN_DIR/figures)",
    )
    parser.add_argument(
        "--layer",
        metavar="NAME",
        help="whose tiles are drawn in raster and Scan order, by name or index; one where Scan saves much",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="html",
        help="a page (html), or one file per figure in a folder (png, svg, pdf); html",
    )


def main(args: argparse.Namespace) -> int:
    from scanfuse import report
    from scanfuse.results import load_record
    from scanfuse.results.files import check_writable_file, check_writable_folder, write_whole

    record = load_record(args.run)
    if args.format == "html":
        path = args.out or args.run / "report.html"
        check_writable_file(path)
        write_whole(path, report.run_page(record, args.layer))
        print(f"scanfuse: wrote {path}", file=sys.stderr)
        return 0
    folder = args.out or args.run / "figures"
    check_writable_folder(folder)
    figures = report.run_figures(record, args.layer)
    written = report.write_figures(figures, folder, args.format)
    for figure in figures:
        if figure.chart is None:
            print(f"scanfuse: no {figure.key}: {figure.missing}", file=sys.stderr)
    print(f"scanfuse: wrote {len(written)} figures into {folder}", file=sys.stderr)
    return 0
