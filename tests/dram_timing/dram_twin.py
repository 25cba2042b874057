"""The engine's slow twin: DRAM_MODEL executed tick by tick, written to be read beside the specification.

Nothing here is shared with the engine: no skipping of ticks, no cached candidates, every rule spelled out
where the specification has it (the marks C1, K5, 7.3 ... are its section and step names).
"""

from dataclasses import dataclass, field

U32 = 1 << 32
SCHEMES = {  # fields from the least significant bits up
    "scheme1": "bank column row rank channel",
    "scheme2": "rank bank column row channel",
    "scheme3": "row column bank rank channel",
    "scheme4": "column row bank rank channel",
    "scheme5": "bank rank column row channel",
    "scheme6": "column rank bank row channel",
    "scheme7": "channel bank rank column row",
}


def bits(n):
    return max(n - 1, 0).bit_length()


@dataclass
class Entry:
    index: int
    address: int
    write: bool
    rank: int
    bank: int
    row: int
    column: int
    act: bool = True  # its activate is still queued
    added: int = -1


@dataclass
class Bank:
    state: str = "Idle"
    row: int = 0
    next_read: int = 0
    next_write: int = 0
    next_act: int = 0
    next_pre: int = 0
    change_at: int = -1  # tick of the next timed change of state


@dataclass
class Rank:
    banks: list
    faw: list = field(default_factory=list)  # ticks of activates
    flag: bool = False  # refreshWaiting
    down: bool = False
    exit_at: int = 0
    counter: int = 0
    hits: list = field(default_factory=list)
    energy: dict = field(
        default_factory=lambda: dict.fromkeys(("background", "burst", "actpre", "refresh"), 0)
    )
    down_ticks: int = 0


class Channel:
    def __init__(self, system, index):
        self.s, self.index = system, index
        c = system.c
        self.ranks = []
        for r in range(system.ranks):
            rank = Rank([Bank() for _ in range(c["NUM_BANKS"])], hits=[0] * c["NUM_BANKS"])
            rank.counter = system.stagger * (r + 1)
            self.ranks.append(rank)
        self.overflow, self.transactions = [], []
        keys = [(r, b) for r in range(system.ranks) for b in range(c["NUM_BANKS"])]
        self.queues = {key: [] for key in (keys if system.per_bank else range(system.ranks))}
        self.nr = self.nb = self.pr = self.pb = 0
        self.rf_wait, self.rf_rank, self.rr = False, None, 0
        self.posted = True
        self.bus_free = 0

    def queue(self, rank, bank):
        return self.queues[(rank, bank) if self.s.per_bank else rank]

    def room(self):
        return len(self.transactions) < self.s.c["TRANS_QUEUE_DEPTH"]

    def add(self, entry, now):
        if self.room():
            entry.added = now
            self.transactions.append(entry)
        else:
            self.overflow.append(entry)

    def tick(self, now):
        c = self.s.c
        self.move_overflow(now)  # C2
        self.s.call_back(self, now, write=True)  # K3
        for rank in self.ranks:  # K1
            for bank in rank.banks:
                if bank.change_at == now:
                    if bank.state == "Active":
                        bank.state, bank.change_at = "Precharging", now + c["tRP"]
                    else:
                        bank.state, bank.change_at = "Idle", -1
        due = self.ranks[self.rr]  # K5
        if due.counter == 0:
            self.fall_due(self.rr)
            due.flag, due.counter = True, self.s.period
            self.rr = (self.rr + 1) % len(self.ranks)
        elif due.down and due.counter <= c["tXP"]:
            due.flag = True
        self.select(now)  # K6
        for entry in self.transactions:  # K7
            queue = self.queue(entry.rank, entry.bank)
            if c["CMD_QUEUE_DEPTH"] - sum(2 if e.act else 1 for e in queue) >= 2:
                self.transactions.remove(entry)
                queue.append(entry)
                break
        for r, rank in enumerate(self.ranks):  # K8
            self.power(r, rank, now)
            self.background(rank)
        self.s.call_back(self, now, write=False)  # K9
        for rank in self.ranks:  # K10
            rank.counter -= 1

    def move_overflow(self, now):
        if self.overflow and len(self.transactions) < self.s.c["TRANS_QUEUE_DEPTH"]:
            entry = self.overflow.pop(0)
            entry.added = now
            self.transactions.append(entry)

    def fall_due(self, r):
        self.rf_wait, self.rf_rank = True, r

    def power(self, r, rank, now):
        c = self.s.c
        if not c["USE_LOW_POWER"]:
            return
        queues = [self.queue(r, b) for b in range(c["NUM_BANKS"])]
        if not any(queues) and not rank.flag:
            if all(bank.state == "Idle" for bank in rank.banks) and self.may_sleep(rank, now):
                rank.down, rank.exit_at = True, now + c["tCKE"]
                for bank in rank.banks:
                    bank.state = "PowerDown"
                self.s.note(now, "PDE", self.index, r)
        elif rank.down and now >= rank.exit_at:
            rank.down = False
            for bank in rank.banks:
                bank.state, bank.next_act = "Idle", self.awake(rank, bank, now + c["tXP"])
            self.s.note(now, "PDX", self.index, r)

    def may_sleep(self, rank, now):
        return True

    def awake(self, rank, bank, tick):
        """The next activate of a bank after its rank has left power-down."""
        return tick

    def background(self, rank):
        c = self.s.c
        if any(bank.state in ("Active", "Refreshing") for bank in rank.banks):
            current = c["IDD3N"]
        elif rank.down:
            current = c["IDD2P"]
            rank.down_ticks += 1
        else:
            current = c["IDD2N"]
        rank.energy["background"] += self.s.amount(current * self.s.devices)

    # --- K6: command selection ----------------------------------------------------------------------

    def select(self, now):
        for rank in self.ranks:  # 6.5
            rank.faw = [t for t in rank.faw if now < t + self.s.c["tFAW"]]
        stages = [self.normal_stage]
        if self.rf_wait:
            stages.insert(0, self.refresh_open if self.s.open_page else self.refresh_close)
        if self.s.open_page:
            stages.append(self.precharge_stage)
        for stage in stages:
            chosen = stage(now)
            if chosen:
                break
        else:
            return
        kind, *arguments = chosen
        self.advance_pointer(kind)
        {"ACT": self.act, "CAS": self.cas, "PRE": self.pre, "REF": self.ref}[kind](*arguments, now)

    def advance_pointer(self, kind):  # 7.6
        if self.s.c["AL"] > 0 and self.posted:
            self.posted = False
        else:
            self.posted = True
            self.nr, self.nb = self.step(self.nr, self.nb)

    def step(self, rank, bank):
        ranks, banks = len(self.ranks), self.s.c["NUM_BANKS"]
        if self.s.rank_first:
            rank += 1
            if rank == ranks:
                rank, bank = 0, (bank + 1) % banks
        else:
            bank += 1
            if bank == banks:
                bank, rank = 0, (rank + 1) % ranks
        return rank, bank

    def act_ok(self, e, now):
        bank, rank = self.ranks[e.rank].banks[e.bank], self.ranks[e.rank]
        return bank.state in ("Idle", "Refreshing") and now >= bank.next_act and len(rank.faw) < 4

    def cas_ok(self, e, now):
        bank = self.ranks[e.rank].banks[e.bank]
        return (
            bank.state == "Active"
            and e.row == bank.row
            and now >= (bank.next_write if e.write else bank.next_read)
            and self.ranks[e.rank].hits[e.bank] < self.s.c["TOTAL_ROW_ACCESSES"]
        )

    def of_row(self, r, b):
        row = self.ranks[r].banks[b].row
        return [e for e in self.queue(r, b) if e.bank == b and e.row == row]

    def refresh_close(self, now):  # 7.2
        r = self.rf_rank
        for b, bank in enumerate(self.ranks[r].banks):
            if bank.state == "Active":
                same = self.of_row(r, b)
                if same and not same[0].act and self.cas_ok(same[0], now):
                    return "CAS", same[0]
                return None
            if now < bank.next_act:
                return None
        return self.refresh_now(r)

    def refresh_open(self, now):  # 7.3
        r = self.rf_rank
        for b, bank in enumerate(self.ranks[r].banks):
            if bank.state == "Active":
                same = self.of_row(r, b)
                if same and not same[0].act:
                    return ("CAS", same[0]) if self.cas_ok(same[0], now) else None
                return ("PRE", r, b) if now >= bank.next_pre else None
            if now < bank.next_act:
                return None
        return self.refresh_now(r)

    def refresh_now(self, r):
        if self.ranks[r].banks[0].state == "PowerDown":
            return None
        self.refresh_done()
        return "REF", r

    def refresh_done(self):
        self.rf_wait, self.rf_rank = False, None

    def is_due(self, r):
        return False

    def normal_stage(self, now):  # 7.4
        r, b = self.nr, self.nb
        while True:
            if not (self.rf_wait and r == self.rf_rank):
                chosen = self.from_queue(self.queue(r, b), now)
                if chosen:
                    self.nr, self.nb = r, b
                    return chosen
            r, b = self.step(r, b) if self.s.per_bank else ((r + 1) % len(self.ranks), b)
            if (r, b) == (self.nr, self.nb):
                return None

    def from_queue(self, queue, now):
        seen = set()
        for position, e in enumerate(queue):
            if not self.s.open_page:
                if self.s.per_bank and position > 0:
                    return None
                if e.act and self.act_ok(e, now):
                    return "ACT", e
                if not e.act and self.cas_ok(e, now):
                    return "CAS", e
                continue
            if (e.bank, e.row) in seen:
                continue
            seen.add((e.bank, e.row))
            if e.act and self.act_ok(e, now):
                return "ACT", e
            if self.cas_ok(e, now):
                self.count_hit(e)
                return "CAS", e
        return None

    def count_hit(self, e):  # 6.4
        if e.act:
            self.ranks[e.rank].hits[e.bank] += 1

    def precharge_stage(self, now):  # 7.5
        r, b = self.pr, self.pb
        while True:
            bank, rank = self.ranks[r].banks[b], self.ranks[r]
            if bank.state == "Active" and now >= bank.next_pre:
                worn = rank.hits[b] == self.s.c["TOTAL_ROW_ACCESSES"]
                if worn or not self.of_row(r, b):
                    self.pr, self.pb = r, b
                    return "PRE", r, b
            r, b = self.step(r, b)
            if (r, b) == (self.pr, self.pb):
                return None

    # --- 9: effects ---------------------------------------------------------------------------------

    def act(self, e, now):
        c, rank = self.s.c, self.ranks[e.rank]
        e.act = False
        rank.faw.append(now)
        for b, bank in enumerate(rank.banks):
            if b == e.bank:
                bank.state, bank.row, bank.change_at = "Active", e.row, -1
                bank.next_act = max(bank.next_act, now + c["tRC"])
                bank.next_pre = max(bank.next_pre, now + c["tRAS"])
                bank.next_read = max(bank.next_read, now + c["tRCD"] - c["AL"])
                bank.next_write = max(bank.next_write, now + c["tRCD"] - c["AL"])
            else:
                bank.next_act = max(bank.next_act, now + c["tRRD"])
        idle = c["IDD3N"] * c["tRAS"] + c["IDD2N"] * (c["tRC"] - c["tRAS"])
        rank.energy["actpre"] += self.s.amount((c["IDD0"] * c["tRC"] - idle) * self.s.devices)
        self.s.note(now, "ACT", self.index, e.rank, e.bank, e.row, e.column)

    def cas(self, e, now):
        c, t, own = self.s.c, self.s.t, self.ranks[e.rank]
        self.queue(e.rank, e.bank).remove(e)
        target = own.banks[e.bank]
        if self.s.open_page:
            target.next_pre = max(target.next_pre, now + t["WR_TO_PRE" if e.write else "RD_TO_PRE"])
        self.constrain(e, now)
        if not self.s.open_page:
            self.close_by_itself(target, e.write, now)
        current = c["IDD4W" if e.write else "IDD4R"] - c["IDD3N"]
        own.energy["burst"] += self.s.amount(self.s.amount(current * c["BL"]) // 2 * self.s.devices)
        kind = ("WR" if e.write else "RD") + ("" if self.s.open_page else "A")
        self.s.note(now, kind, self.index, e.rank, e.bank, e.row, e.column)
        done = now + t["WL"] + t["BURST"] if e.write else now + c["tCMD"] + t["RL"] + t["BURST"]
        self.s.completed[e.index] = done
        if e.write:
            assert now + t["WL"] >= self.bus_free, "two write bursts collide"
            self.bus_free = done
        else:
            self.s.latency_sum += done - e.added

    def constrain(self, e, now):
        """Keeps later column accesses off the data bus."""
        t, own = self.s.t, self.ranks[e.rank]
        for rank in self.ranks:
            where = "SAME" if rank is own else "OTHER"
            after_read = t["WR_TO_RD_" + where] if e.write else t["CAS_" + where]
            after_write = t["CAS_" + where] if e.write else t["RD_TO_WR_" + where]
            for bank in rank.banks:
                if self.is_constrained(rank is own, bank):
                    bank.next_read = max(bank.next_read, now + after_read)
                    bank.next_write = max(bank.next_write, now + after_write)

    def is_constrained(self, same_rank, bank):
        return same_rank or bank.state == "Active"

    def close_by_itself(self, bank, write, now):
        to_act, to_pre = ("WRA_TO_ACT", "WR_TO_PRE") if write else ("RDA_TO_ACT", "RD_TO_PRE")
        bank.next_act = max(bank.next_act, now + self.s.t[to_act])
        bank.next_read = bank.next_write = bank.next_act
        bank.change_at = now + self.s.t[to_pre]

    def pre(self, r, b, now):
        bank = self.ranks[r].banks[b]
        self.s.note(now, "PRE", self.index, r, b, bank.row)
        bank.state, bank.change_at = "Precharging", now + self.s.c["tRP"]
        bank.next_act = max(bank.next_act, bank.change_at)
        self.ranks[r].hits[b] = 0

    def ref(self, r, now):
        c = self.s.c
        for bank in self.ranks[r].banks:
            bank.next_act = now + c["tRFC"]
            bank.state, bank.change_at = "Refreshing", now + c["tRFC"]
        self.ranks[r].flag = self.is_due(r)
        self.ranks[r].energy["refresh"] += self.s.amount(
            (c["IDD5"] - c["IDD3N"]) * c["tRFC"] * self.s.devices
        )
        self.s.note(now, "REF", self.index, r)


class Twin:
    """A memory system of the given settings (a dict of ini keys, parsed) and ranks per channel."""

    channel_type = Channel

    def __init__(self, settings, ranks):
        c = self.c = settings
        self.ranks = ranks
        self.devices = c["JEDEC_DATA_BUS_BITS"] // c["DEVICE_WIDTH"]
        self.open_page = c["ROW_BUFFER_POLICY"] == "open_page"
        self.per_bank = c["QUEUING_STRUCTURE"] == "per_rank_per_bank"
        self.rank_first = c["SCHEDULING_POLICY"] == "rank_then_bank_round_robin"
        self.period = int(c["REFRESH_PERIOD"] / c["tCK"])  # the tests use a tCK of 1 ns
        self.stagger = int(c["REFRESH_PERIOD"] / c["tCK"] / ranks)
        self.t = self.delays()
        self.commands, self.completed, self.latency_sum = [], {}, 0
        self.channels = [self.channel_type(self, i) for i in range(c["NUM_CHANS"])]

    def amount(self, energy):  # 12
        return energy % U32

    def delays(self):  # 2.5
        c = self.c
        rl, burst = c["CL"] + c["AL"], c["BL"] // 2
        wl = rl - 1
        return {
            "RL": rl,
            "WL": wl,
            "BURST": burst,
            "RD_TO_PRE": c["AL"] + burst + max(c["tRTP"], c["tCCD"]) - c["tCCD"],
            "WR_TO_PRE": wl + burst + c["tWR"],
            "RD_TO_WR_SAME": rl + burst + c["tRTRS"] - wl,
            "RD_TO_WR_OTHER": rl + burst + c["tRTRS"] - wl,
            "RDA_TO_ACT": c["AL"] + c["tRTP"] + c["tRP"],
            "WRA_TO_ACT": wl + burst + c["tWR"] + c["tRP"],
            "WR_TO_RD_SAME": wl + burst + c["tWTR"],
            "WR_TO_RD_OTHER": (wl + burst + c["tRTRS"] - rl) % U32,
            "CAS_SAME": max(c["tCCD"], burst),
            "CAS_OTHER": burst + c["tRTRS"],
        }

    def locate(self, address):  # 3
        c = self.c
        low = bits(c["JEDEC_DATA_BUS_BITS"] // 8 * c["BL"]) - bits(c["JEDEC_DATA_BUS_BITS"] // 8)
        widths = {
            "channel": bits(c["NUM_CHANS"]),
            "rank": bits(self.ranks),
            "bank": bits(c["NUM_BANKS"]),
            "row": bits(c["NUM_ROWS"]),
            "column": bits(c["NUM_COLS"]) - low,
        }
        rest = address // (c["JEDEC_DATA_BUS_BITS"] // 8 * c["BL"])
        place = {}
        for name in SCHEMES[c["ADDRESS_MAPPING_SCHEME"]].split():
            place[name] = rest % (1 << widths[name])
            rest >>= widths[name]
        return place

    def call_back(self, channel, now, write):
        """Where host programs are told; what they add then, they add in the midst of this tick."""

    def note(self, now, command, channel, rank, bank=0, row=0, column=0):
        self.commands.append((now, command, channel, rank, bank, row, column))

    def run(self, requests, extra=0, limit=1 << 62):
        """`requests`: (cycle, address, is_write, force) in order. Returns accepted and completed ticks."""
        accepted, waiting, now, end = [], list(enumerate(requests)), 0, None
        while end is None or now < end:
            while waiting:
                index, (cycle, address, write, force) = waiting[0]
                place = self.locate(address)
                channel = self.channels[place.pop("channel")]
                if cycle > now or not (force or channel.room()):
                    break
                channel.add(Entry(index, address, write, **place), now)
                accepted.append(now)
                waiting.pop(0)
            for channel in self.channels:
                channel.tick(now)
            if end is None and len(self.completed) == len(requests):
                end = max(self.completed.values(), default=-1) + 1 + extra
            now += 1
            assert now < limit, "the twin makes no progress"
        self.ticks = now
        return accepted, [self.completed[i] for i in range(len(requests))]
