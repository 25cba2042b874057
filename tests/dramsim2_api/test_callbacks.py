"""Do callbacks see, and add to, the memory at the very point of the tick that the model says?

The host program's callbacks go on adding requests, by a generator of numbers into which everything they see
goes. The slow twin of tests/dram_timing runs the same program in Python, tick by tick.
"""

import tempfile
from pathlib import Path

import pytest
from dram_twin import Entry, Twin
from host_programs import call, write_ini
from hypothesis import given, settings
from hypothesis import strategies as st
from test_twin import COMMON, configure, memories


class ChainTwin(Twin):
    """hosts/chain_host.cpp on the twin."""

    def __init__(self, c, ranks, seed, requests, lines, line_bytes):
        super().__init__(c, ranks)
        self.state, self.left, self.lines, self.line_bytes = seed, requests, lines, line_bytes
        self.told, self.entries, self.open = [], {}, set()
        self.histograms = [{} for _ in self.channels]
        self.clocks = [0] * len(
            self.channels
        )  # of each channel: the tick that a request added now is stamped

    def random(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 33

    def add(self):
        if self.left == 0:
            return
        address = self.random() % self.lines * self.line_bytes
        write = self.random() % 2 != 0
        form = self.random() % 4
        place = self.locate(address)
        index = place.pop("channel")
        channel = self.channels[index]
        room = channel.room()
        self.told.append(f"Q {room:d} {all(each.room() for each in self.channels):d}")
        if form in (0, 1) and not room:
            return
        entry = Entry(len(self.entries), address, write, **place)
        self.entries[entry.index] = index, entry
        self.open.add(entry.index)
        channel.add(entry, self.clocks[index])
        self.left -= 1

    def call_back(self, channel, now, write):
        for number in sorted(self.open):
            at, entry = self.entries[number]
            if at != channel.index or entry.write != write or self.completed.get(number) != now:
                continue
            self.told.append(f"C {'RW'[write]} {at} {entry.address} {now}")
            if not write:
                low = (now - entry.added) // 10 * 10
                self.histograms[at][low] = self.histograms[at].get(low, 0) + 1
            self.open.remove(number)
            for _ in range(self.random() % 4):
                self.add()

    def run_chain(self):
        now = 0
        while self.left or self.open:
            if self.random() % 8 == 0:
                self.add()
            for channel in self.channels:
                channel.tick(now)
                self.clocks[channel.index] = now + 1
            now += 1
            assert now < 30_000, "the twin makes no progress"
        return now


def compare(host, c, ranks, seed, requests, lines):
    cfg = configure(c, ranks)
    twin = ChainTwin(c, ranks, seed, requests, lines, cfg.transaction_bytes)
    ticks = twin.run_chain()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_ini(folder / "device.ini", {**c, "VIS_FILE_OUTPUT": True})
        write_ini(folder / "system.ini", {})
        arguments = [cfg.capacity_mib, "out", seed, requests, lines, cfg.transaction_bytes]
        told = call(host("chain_host"), "device.ini", "system.ini", *arguments, cwd=folder).splitlines()
        vis = (folder / "out.vis").read_text().split("!!HISTOGRAM_DATA\n")
    assert told == twin.told
    histograms = [
        dict(tuple(map(int, line.split("="))) for line in part.splitlines() if "=" in line)
        for part in vis[1:]
    ]
    assert histograms == [dict(sorted(each.items())) for each in twin.histograms]
    assert float(vis[0].splitlines()[-1].split(",")[0]) == pytest.approx(ticks * 1e-6, rel=1e-5)
    return twin


@st.composite
def chains(draw):
    return draw(st.integers(0, 2**64 - 1)), draw(st.integers(10, 120)), 1 << draw(st.integers(3, 16))


@settings(max_examples=200, **COMMON)
@given(st.data())
def test_chains_of_callbacks_equal_the_twin(host, data):
    compare(host, *data.draw(memories()), *data.draw(chains()))


@pytest.mark.slow
@settings(max_examples=5000, **COMMON)
@given(st.data())
def test_chains_of_callbacks_equal_the_twin_at_length(host, data):
    compare(host, *data.draw(memories()), *data.draw(chains()))
