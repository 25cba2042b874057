"""The page in a real browser: no errors, no requests, every figure there, nothing overlapping, on light, on
dark, on a phone and in print. Skipped only where Chromium is not installed."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from pages import NET

from scanfuse.cli import main

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

PROBE = """<script>
var errors = [];
addEventListener("error", function (e) { errors.push(e.message || "a file that is not there"); }, true);
addEventListener("load", function () {
  function boxOf(element) {
    var r = element.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom];
  }
  function shown(svg) {
    var frame = boxOf(svg), words = [], overlaps = [], outside = [];
    svg.querySelectorAll("text").forEach(function (t) { words.push([t.firstChild.nodeValue, boxOf(t)]); });
    words.forEach(function (one, i) {
      var a = one[1];
      if (a[0] < frame[0] - 1 || a[2] > frame[2] + 1 || a[1] < frame[1] - 1 || a[3] > frame[3] + 1)
        outside.push(one[0]);
      words.slice(i + 1).forEach(function (other) {
        var b = other[1];
        var wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
        var high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
        if (wide > 1.5 && high > 4) overlaps.push(one[0] + " / " + other[0]);
      });
    });
    var size = parseFloat(getComputedStyle(svg.querySelector("text.tick, text")).fontSize);
    return {
      width: frame[2] - frame[0], height: frame[3] - frame[1], overlaps: overlaps, outside: outside,
      letters: size * (frame[2] - frame[0]) / svg.viewBox.baseVal.width
    };
  }
  var mark = document.querySelector("#energy-by-cause rect title").parentNode;
  mark.dispatchEvent(new MouseEvent("click", {bubbles: true}));
  parent.postMessage(JSON.stringify({
    errors: errors, width: innerWidth, scroll: document.documentElement.scrollWidth,
    paper: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
    requests: performance.getEntriesByType("resource").length,
    reading: document.querySelector("#energy-by-cause .reading").textContent,
    tip: mark.querySelector("title").textContent,
    figures: Array.from(document.querySelectorAll("figure")).map(function (f) {
      return [f.id, Array.from(f.querySelectorAll("svg")).map(shown)];
    })
  }), "*");
});
</script>"""
FRAME = """<!DOCTYPE html><pre id=found></pre><script>
onmessage = function (e) { document.getElementById("found").textContent = e.data; };
</script><iframe src="PAGE" style="width:WIDTHpx;height:900px;border:0"></iframe>"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> dict[str, Path]:
    """Pages of a small network with hostile names and of MobileNet V2, with a script in each that looks."""
    place = tmp_path_factory.mktemp("pages")
    whole = ["run", "mobilenet_v2", "--resolution", "96", "--schedule", "fused", "--out", str(place / "run")]
    assert main(whole) == 0
    (place / "net.csv").write_text(NET)
    page = place / "comparison.html"
    assert main(["compare", str(place / "net.csv"), "--schedules", "fixed,scan", "--report", str(page)]) == 0
    found = {}
    for name, run in (("small", folder), ("large", place / "run")):
        assert main(["report", str(run), "-o", str(place / f"{name}.html")]) == 0
    for name in ("small", "large", "comparison"):
        text = (place / f"{name}.html").read_text("utf-8")
        found[name] = place / f"{name}-probed.html"
        found[name].write_text(text.replace("<head>", f"<head>{PROBE}", 1), "utf-8")
    return found


def chromium(place: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    usual = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    mine = ["--enable-logging=stderr", "--disable-dev-shm-usage", f"--user-data-dir={place / 'profile'}"]
    command = [CHROMIUM, *usual, *mine, "--virtual-time-budget=10000", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def look(page: Path, place: Path, width: int, dark: bool) -> dict:
    """What the script in a page has found."""
    frame = place / "frame.html"
    frame.write_text(FRAME.replace("PAGE", page.as_uri()).replace("WIDTH", str(width)))
    scheme = [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    done = chromium(place, "--window-size=1400,1000", *scheme, "--dump-dom", frame.as_uri())
    assert "CONSOLE" not in done.stderr
    (told,) = re.findall(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    return json.loads(unescape(told))


@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [
        ("small", 360, False),
        ("small", 1200, True),
        ("large", 1200, False),
        ("large", 360, True),
        ("comparison", 1200, False),
        ("comparison", 360, False),
    ],
)
def test_every_figure_is_there_and_reads_well(pages, tmp_path, name, width, dark):
    found = look(pages[name], tmp_path, width, dark)
    assert found["errors"] == [] and found["requests"] == 0
    assert found["scroll"] <= found["width"] <= width
    assert len(found["figures"]) == (11 if name == "comparison" else 9)
    for key, drawings in found["figures"]:
        assert drawings, key
        for drawing in drawings:
            assert drawing["width"] > 250 and drawing["height"] > 40, key
            assert drawing["overlaps"] == [] and drawing["outside"] == [], key
            assert drawing["letters"] >= 9, key
    light = [sum(map(int, re.findall(r"\d+", found[what])[:3])) for what in ("paper", "ink")]
    assert (light[0] < 150 and light[1] > 600) if dark else (light[0] > 700 and light[1] < 150)
    assert found["reading"] == found["tip"] != ""


def test_it_prints(pages, tmp_path):
    chromium(tmp_path, f"--print-to-pdf={tmp_path / 'page.pdf'}", pages["large"].as_uri())
    written = (tmp_path / "page.pdf").read_bytes()
    assert written.startswith(b"%PDF") and 2 <= len(re.findall(rb"/Type\s*/Page\b", written)) <= 12
