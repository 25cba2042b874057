"""A checker of command traces, written from the rules of JESD79-2 (DDR2) and JESD79-3 (DDR3).

It knows nothing of the engine, its queues or its policies: only commands at ticks, and what a device may
be asked to do. A trace is legal if `violations` returns nothing.

The rules that are a least distance between two commands are the table `gaps`; those that depend on state
(rows, automatic precharge, power-down, four activates, bursts on the data bus, how often to refresh) are
methods of `_Rank` and `_Channel`, one each. Every rule has the name that the data sheets give it.

What the settings say is all the checker takes: the write latency is the read latency less one (so in DDR2;
the ini files hold no CWL), bursts of different ranks, and a read and a write, lie tRTRS apart, tCMD ticks
of the command bus go to each command, and a rank is due every tREFI = REFRESH_PERIOD.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

READS, WRITES = ("RD", "RDA"), ("WR", "WRA")
COLUMN = READS + WRITES
POSTPONED = 8  # refreshes that may be owed, or made ahead, at any time (JESD79-3, 4.12)


class Violation(NamedTuple):
    rule: str
    tick: int
    channel: int
    rank: int
    bank: int
    text: str


class Gap(NamedTuple):
    """`later` comes at least `ticks` after `earlier` in the same bank, in the same rank (any bank), or in
    the other banks of the rank."""

    rule: str
    earlier: tuple
    later: tuple
    scope: str
    ticks: int


@dataclass
class Latencies:
    read: int
    write: int
    burst: int
    read_to_precharge: int
    write_to_precharge: int

    @classmethod
    def of(cls, c):
        read, burst = c["CL"] + c["AL"], c["BL"] // 2
        write = read - 1
        # DDR2: AL + BL/2 + max(tRTP, 2) - 2; DDR3: AL + tRTP with tRTP >= 4. The 2 and the 4 are tCCD, and
        # a chopped burst (BL/2 < tCCD) frees the bank no sooner than a whole one.
        to_precharge = c["AL"] + max(burst, c["tCCD"]) + max(c["tRTP"], c["tCCD"]) - c["tCCD"]
        return cls(read, write, burst, to_precharge, write + burst + c["tWR"])


def gaps(c):
    t = Latencies.of(c)
    anything = ("ACT", "PRE", "REF", *COLUMN)
    return [
        Gap("tRCD", ("ACT",), COLUMN, "bank", c["tRCD"] - c["AL"]),
        Gap("tRAS", ("ACT",), ("PRE",), "bank", c["tRAS"]),
        Gap("tRC", ("ACT",), ("ACT",), "bank", c["tRC"]),
        Gap("tRP", ("PRE",), ("ACT",), "bank", c["tRP"]),
        Gap("tRP", ("PRE",), ("REF",), "rank", c["tRP"]),
        Gap("tRTP", ("RD",), ("PRE",), "bank", t.read_to_precharge),
        Gap("tWR", ("WR",), ("PRE",), "bank", t.write_to_precharge),
        Gap("tRRD", ("ACT",), ("ACT",), "others", c["tRRD"]),
        Gap("tCCD", COLUMN, COLUMN, "rank", c["tCCD"]),
        # From the end of the data to the next internal read, which AL delays as it did the write.
        Gap("tWTR", WRITES, READS, "rank", t.write - c["AL"] + t.burst + c["tWTR"]),
        Gap("tRFC", ("REF",), ("ACT", "REF"), "rank", c["tRFC"]),
        Gap("tXP", ("PDX",), anything, "rank", c["tXP"]),
        Gap("tCKE", ("PDE",), ("PDX",), "rank", c["tCKE"]),
        Gap("tCKE", ("PDX",), ("PDE",), "rank", c["tCKE"]),
        Gap("tRDPDEN", READS, ("PDE",), "rank", t.read + t.burst + 1),
        Gap("tWRPDEN", ("WR",), ("PDE",), "rank", t.write_to_precharge),
        Gap("tWRAPDEN", ("WRA",), ("PDE",), "rank", t.write_to_precharge + 1),
        Gap("tACTPDEN", ("ACT",), ("PDE",), "rank", 1),
        Gap("tPRPDEN", ("PRE",), ("PDE",), "rank", 1),
        Gap("tREFPDEN", ("REF",), ("PDE",), "rank", 1),
    ]


@dataclass
class _Bank:
    row: int | None = None  # None: closed
    opened: int = -(1 << 40)
    closed_at: int = -(1 << 40)  # the automatic precharge is over
    last: dict = field(default_factory=dict)


@dataclass
class _Rank:
    banks: dict = field(default_factory=lambda: defaultdict(_Bank))
    last: dict = field(default_factory=dict)  # kind of command: (tick, bank)
    before: dict = field(default_factory=dict)  # the same, of the last in another bank than that one
    activates: list = field(default_factory=list)
    refreshes: list = field(default_factory=list)
    down: bool = False

    def latest(self, kind, bank, scope):
        """Tick of the latest command of this kind in the scope as seen from the bank; None if none."""
        if scope == "bank":
            return self.banks[bank].last.get(kind)
        tick, where = self.last.get(kind, (None, None))
        if scope == "others" and where == bank:
            return self.before.get(kind, (None, None))[0]
        return tick

    def remember(self, kind, tick, bank):
        if kind in self.last and self.last[kind][1] != bank:
            self.before[kind] = self.last[kind]
        self.last[kind] = (tick, bank)
        self.banks[bank].last[kind] = tick


class _Channel:
    def __init__(self, number, c, ranks):
        self.number, self.c, self.t = number, c, Latencies.of(c)
        self.gaps = defaultdict(list)
        for gap in gaps(c):
            for later in gap.later:
                self.gaps[later].append(gap)
        self.ranks = [_Rank() for _ in range(ranks)]
        self.bus_free = 0
        self.bursts = []  # (first tick of the data, end, rank, is a read)
        self.found = []

    def blame(self, rule, tick, rank, bank, text):
        self.found.append(Violation(rule, tick, self.number, rank, bank, text))

    def command(self, tick, kind, rank, bank, row):
        state = self.ranks[rank]
        for gap in self.gaps[kind]:
            for earlier in gap.earlier:
                since = state.latest(earlier, bank, gap.scope)
                if since is not None and tick < since + gap.ticks:
                    least = f"{earlier} at {since}, {kind} not before {since + gap.ticks}"
                    self.blame(gap.rule, tick, rank, bank, least)
        if kind not in ("PDE", "PDX"):
            self.command_bus(tick, kind, rank, bank, state)
        getattr(self, {"PDE": "enter", "PDX": "leave"}.get(kind, kind.lower().removesuffix("a")))(
            tick, kind, rank, bank, row, state
        )
        state.remember(kind, tick, bank)

    def command_bus(self, tick, kind, rank, bank, state):
        if tick < self.bus_free:
            self.blame("command bus", tick, rank, bank, f"busy until {self.bus_free}")
        self.bus_free = tick + self.c["tCMD"]
        if state.down:
            self.blame("power-down", tick, rank, bank, f"{kind} while CKE is low")

    def act(self, tick, kind, rank, bank, row, state):
        here, window = state.banks[bank], self.c["tFAW"]
        if here.row is not None:
            self.blame("row", tick, rank, bank, f"ACT of row {row} while row {here.row} is open")
        if tick < here.closed_at:
            self.blame("auto-precharge", tick, rank, bank, f"ACT not before {here.closed_at}")
        if len(state.activates) >= 4 and tick < state.activates[-4] + window:
            self.blame("tFAW", tick, rank, bank, f"fifth ACT since {state.activates[-4]}")
        state.activates.append(tick)
        here.row, here.opened = row, tick

    def rd(self, tick, kind, rank, bank, row, state):
        self.column(tick, kind, rank, bank, row, state, self.t.read, self.t.read_to_precharge)

    def wr(self, tick, kind, rank, bank, row, state):
        self.column(tick, kind, rank, bank, row, state, self.t.write, self.t.write_to_precharge)

    def column(self, tick, kind, rank, bank, row, state, latency, to_precharge):
        here = state.banks[bank]
        if here.row is None or here.row != row:
            self.blame("row", tick, rank, bank, f"{kind} of row {row} while row {here.row} is open")
        start = tick + latency
        self.bursts.append((start, start + self.t.burst, rank, bank, kind in READS))
        if kind.endswith("A"):
            # The device holds the precharge back until tRAS is over.
            here.closed_at = max(here.opened + self.c["tRAS"], tick + to_precharge) + self.c["tRP"]
            here.row = None

    def pre(self, tick, kind, rank, bank, row, state):
        state.banks[bank].row = None

    def ref(self, tick, kind, rank, bank, row, state):
        for number, each in state.banks.items():
            if each.row is not None:
                self.blame("row", tick, rank, number, f"REF while row {each.row} is open")
            if tick < each.closed_at:
                self.blame("auto-precharge", tick, rank, number, f"REF not before {each.closed_at}")
        state.refreshes.append(tick)

    def enter(self, tick, kind, rank, bank, row, state):
        if state.down:
            self.blame("power-down", tick, rank, bank, "entered twice")
        state.down = True

    def leave(self, tick, kind, rank, bank, row, state):
        if not state.down:
            self.blame("power-down", tick, rank, bank, "left without entering")
        state.down = False

    def data_bus(self):
        """Bursts do not overlap, and lie tRTRS apart where another rank or, after a read, the controller
        takes over (after a write tWTR keeps a rank from answering at once)."""
        previous = None
        for burst in sorted(self.bursts):
            start, _, rank, bank, is_read = burst
            if previous is not None:
                turn = rank != previous[2] or (previous[4] and not is_read)
                least = previous[1] + (self.c["tRTRS"] if turn else 0)
                if start < least:
                    self.blame("data bus", start, rank, bank, f"data at {start}, not before {least}")
            previous = burst

    def refresh(self, end, interval):
        """No more than eight refreshes are owed, none are further apart than nine intervals (the eight
        and the one that is due), and no more than eight are made ahead."""
        for number, rank in enumerate(self.ranks):
            for before, after in zip([0, *rank.refreshes], [*rank.refreshes, end], strict=True):
                if after - before > (POSTPONED + 1) * interval:
                    self.blame("tREFI", after, number, 0, f"no REF since {before}")
            for made, tick in enumerate([*rank.refreshes, end]):
                owed = int(tick / interval) - made
                # The one at `tick` itself pays for what falls due in that tick.
                if owed > POSTPONED + (tick != end):
                    self.blame("refreshes owed", tick, number, 0, f"{owed} owed")
                if owed < -POSTPONED:
                    self.blame("refreshes ahead", tick, number, 0, f"{-owed} ahead")


def violations(commands, c, ranks, end):
    """What is illegal in a command trace, in order of channel.

    `commands`: rows (tick, command, channel, rank, bank, row, column) in order of time; `c`: the settings by
    ini key; `ranks`: per channel; `end`: ticks executed.
    """
    channels = [_Channel(number, c, ranks) for number in range(c["NUM_CHANS"])]
    for tick, kind, channel, rank, bank, row, _ in commands:
        channels[channel].command(tick, kind, rank, bank, row)
    found = []
    for channel in channels:
        channel.data_bus()
        channel.refresh(end, c["REFRESH_PERIOD"] / c["tCK"])
        found += channel.found
    return found
