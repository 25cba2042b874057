"""Progress: after two seconds, on a terminal, on stderr, and gone when done."""

import io
import time

import pytest

from scanfuse.commands import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds_ago: float) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "started_s", time.monotonic() - seconds_ago)
    for parts in (0, 3):
        with progress.show_progress("fused: map", parts) as advance:
            for _ in range(3):
                advance()
    return stream.getvalue()


def test_a_long_command_shows_a_bar_and_wipes_it(monkeypatch):
    text = shown(monkeypatch, Terminal(), 3)
    assert "fused: map" in text
    assert text.rsplit("\r", 2)[1].strip() == ""


def test_a_short_command_shows_none(monkeypatch):
    assert "fused" not in shown(monkeypatch, Terminal(), 0)


def test_no_bar_goes_to_a_file(monkeypatch):
    assert shown(monkeypatch, io.StringIO(), 3) == ""


def test_a_log_has_a_line_now_and_then(monkeypatch):
    monkeypatch.setattr(progress, "LINE_S", 0)
    lines = shown(monkeypatch, io.StringIO(), 3).splitlines()
    assert lines[:3] == [f"scanfuse: fused: map: {parts} parts" for parts in (1, 2, 3)]
    assert lines[3:] == [f"scanfuse: fused: map: {share}%" for share in (33, 67, 100)]


def test_progress_and_messages_leave_stdout_alone(scanfuse, monkeypatch):
    monkeypatch.setattr(progress, "DELAY_S", 0.0)
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    done = scanfuse("run mobilenet_v2 --resolution 32 --schedule raster --format json")
    assert done.json.keys() == {"layers", "total"}
    assert "raster: map" in stream.getvalue() and "raster: simulate" in stream.getvalue()
