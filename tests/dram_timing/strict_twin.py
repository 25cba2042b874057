"""What `--dram-mode strict` means, to be read beside dram_twin.py: only what differs from it.

Each method names the quirk of DRAM_MODEL section 15 that it puts right, or what the checker of jedec.py
found (J1 to J6); docs/dram-modes.md has the list with the effects.
"""

from dram_twin import Channel, Twin


class StrictChannel(Channel):
    def __init__(self, system, index):
        super().__init__(system, index)
        self.due = []  # Q4: ranks that owe a refresh, oldest first
        self.command_free = 0  # Q16: the command bus
        for rank in self.ranks:
            rank.sleepless_until = 0

    # --- Q6: one line of requests, the overflow list is its end ---------------------------------------

    def room(self):
        return not self.overflow and super().room()

    def add(self, entry, now):
        super().add(entry, now)
        entry.added = now  # latency counts from here, also for those that wait in the overflow list

    def move_overflow(self, now):
        if self.overflow and len(self.transactions) < self.s.c["TRANS_QUEUE_DEPTH"]:
            self.transactions.append(self.overflow.pop(0))

    # --- Q4, Q18: no refresh is lost, and all banks are closed at once --------------------------------

    def fall_due(self, r):
        self.due.append(r)
        self.rf_wait, self.rf_rank = True, self.due[0]

    def refresh_done(self):
        self.due.pop(0)
        self.rf_wait, self.rf_rank = bool(self.due), self.due[0] if self.due else None

    def is_due(self, r):
        return r in self.due

    def normal_stage(self, now):
        # Where DRAMSim2 would lose a refresh, requests wait until one only is owed.
        return None if len(self.due) > 1 else super().normal_stage(now)

    def refresh_close(self, now):
        return self.refresh_open(now)

    def refresh_open(self, now):
        r = self.rf_rank
        banks = self.ranks[r].banks
        for b, bank in enumerate(banks):
            if bank.state != "Active":
                continue
            same = self.of_row(r, b)
            if same and not same[0].act:
                if self.cas_ok(same[0], now):
                    return "CAS", same[0]
            elif self.s.open_page and now >= bank.next_pre:
                return "PRE", r, b
        if any(bank.state == "Active" or now < bank.next_act for bank in banks):
            return None
        return self.refresh_now(r)

    # --- Q3: TOTAL_ROW_ACCESSES is the number of accesses per activate --------------------------------

    def count_hit(self, e):
        pass

    def act(self, e, now):
        super().act(e, now)
        self.ranks[e.rank].hits[e.bank] = 0

    def cas(self, e, now):
        if self.s.open_page:
            self.ranks[e.rank].hits[e.bank] += 1
        super().cas(e, now)
        if not e.write:
            self.ranks[e.rank].sleepless_until = self.s.completed[e.index]

    # --- Q7, Q8, J4: every later access feels the data bus --------------------------------------------

    def is_constrained(self, same_rank, bank):
        return True

    # --- J3, J4: the automatic precharge begins when tRAS and the burst allow -------------------------

    def close_by_itself(self, bank, write, now):
        bank.change_at = max(bank.next_pre, now + self.s.t["WR_TO_PRE" if write else "RD_TO_PRE"])
        bank.next_act = max(bank.next_act, bank.change_at + self.s.c["tRP"])

    # --- Q13: the pointer stays for the column access that a posted activate is followed by -----------

    def advance_pointer(self, kind):
        if not (self.s.c["AL"] > 0 and kind == "ACT"):
            self.nr, self.nb = self.step(self.nr, self.nb)

    # --- Q16: a command takes tCMD ticks of the command bus -------------------------------------------

    def select(self, now):
        if now < self.command_free:
            return
        issued = len(self.s.commands)
        super().select(now)
        if len(self.s.commands) != issued:
            self.command_free = now + self.s.c["tCMD"]

    # --- Q17, J1, J6: power-down ----------------------------------------------------------------------

    def may_sleep(self, rank, now):
        return now >= rank.sleepless_until

    def awake(self, rank, bank, tick):
        rank.sleepless_until = max(rank.sleepless_until, tick - self.s.c["tXP"] + self.s.c["tCKE"])
        return max(bank.next_act, tick)


class StrictTwin(Twin):
    channel_type = StrictChannel

    def amount(self, energy):  # Q10
        return energy

    def delays(self):  # J2, J5
        c, t = self.c, super().delays()
        t["RD_TO_PRE"] = c["AL"] + max(t["BURST"], c["tCCD"]) + max(c["tRTP"], c["tCCD"]) - c["tCCD"]
        t["RD_TO_WR_SAME"] = max(t["RD_TO_WR_SAME"], c["tCCD"])
        t["WR_TO_RD_SAME"] = max(t["WR_TO_RD_SAME"], c["tCCD"])
        t["WR_TO_RD_OTHER"] = max(t["BURST"] + c["tRTRS"], 1) - 1
        return t
