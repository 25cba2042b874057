"""A memory system: device, channel and controller settings in one frozen, checked record."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scanfuse.dram import ini
from scanfuse.dram.errors import DramConfigError, DramConfigWarning, did_you_mean
from scanfuse.dram.ini import Setting, Value
from scanfuse.dram.keys import CHOICES, KEYS, MAPPED, ORDER, PRINTING, REQUIRED
from scanfuse.dram.native import engine
from scanfuse.dram.parts import default_system_path, part_path, parts

Source = str | PathLike[str] | Mapping[str, object]
Mode = Literal["dramsim2", "strict"]
MODES: tuple[str, ...] = get_args(Mode)


class Locations(NamedTuple):
    """Where addresses live: int64 arrays of one length. `column` counts bursts within the row."""

    channel: NDArray[np.int64]
    rank: NDArray[np.int64]
    bank: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]


@dataclass(frozen=True)
class DramConfig:
    """A memory system as DRAMSim2's two ini files and its `-o` overrides describe it.

    Make one with `DramConfig.from_ini`; frozen, and equal where all settings are. A setting is had by its
    key, as `cfg["tRCD"]` in ticks; docs/dram-parts.md has every key with its unit.

    Raises:
        DramConfigError: a setting that is missing, unknown or cannot be: names file, line and key, what was
            found and what is allowed.

    Example:
        >>> cfg = scanfuse.DramConfig.from_ini("DDR3_micron_64M_8B_x8_sg125", capacity_mib=8192)
        >>> cfg["tRCD"], cfg.tck_ps, cfg.num_ranks, cfg.transaction_bytes
        (11, 1250, 2, 64)
    """

    name: str
    """The device: a part's name, or the stem of its file, or `custom`."""
    files: tuple[tuple[str, Value], ...]
    """Settings as the files give them."""
    overrides: tuple[tuple[str, Value], ...] = ()
    """Settings that replace those of the files; in mode `dramsim2` not in the address mapping (quirk Q1)."""
    capacity_mib: int = 2048
    """Size asked for, all channels together: a power of two."""
    origins: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)
    """Where each setting stood, for error messages."""
    printing: tuple[tuple[str, Value], ...] = field(default=(), compare=False, repr=False)
    """Settings, after overrides, that only choose what DRAMSim2 prints."""
    mode: Mode = "dramsim2"
    """`dramsim2`: DRAMSim2 to the tick, quirks included; `strict`: its bugs put right, every command legal by
    the JEDEC rules (docs/dram-modes.md)."""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            hint = did_you_mean(str(self.mode), MODES)
            raise DramConfigError(f"mode={self.mode!r}: must be {' or '.join(MODES)}{hint}")
        missing = [key for key in REQUIRED if key not in self._values]
        if missing:
            raise DramConfigError(f"{self.name}: missing {', '.join(missing)}")
        with self.errors_explained():
            engine.derive(self._engine_values)

    @classmethod
    def from_ini(
        cls,
        device: Source,
        system: Source | None = None,
        capacity_mib: int = 2048,
        overrides: Mapping[str, object] | None = None,
        mode: Mode = "dramsim2",
    ) -> DramConfig:
        """Reads a memory system. Warns (DramConfigWarning) of what DRAMSim2 accepts but hardly anyone means.

        Args:
            device: the name of a part (see `scanfuse.dram.parts()`), a path to a device file, or a dict of
                settings (values as text or numbers).
            system: a path or a dict; None for DRAMSim2's example settings. Either may hold any key; the
                system's values win.
            capacity_mib: the size asked for, all channels together, a power of two; less than a rank per
                channel gives one rank.
            overrides: replace values afterwards, but do not reach the address mapping, as with DRAMSim2's
                `-o` (in mode `strict` they do).
            mode: `dramsim2` or `strict` (docs/dram-modes.md).

        Raises:
            DramConfigError: names file, line, key, what was found and what is allowed.
            OSError: a file that cannot be read.
        """
        name, settings = _settings(device, "device")
        settings += _settings(default_system_path() if system is None else system, "system")[1]
        found = {setting.key: setting for setting in settings}  # the last of duplicates
        over = {setting.key: setting for setting in ini.from_mapping(overrides or {}, "overrides")}
        missing = [key for key in REQUIRED if key not in found and key not in over]
        if missing:
            where = device if isinstance(device, str | PathLike) else "device"
            raise DramConfigError(f"{where}: missing {', '.join(missing)}")
        number = isinstance(capacity_mib, int | float | np.integer) and not isinstance(capacity_mib, bool)
        if not number or not 0 <= capacity_mib < 1 << 63 or capacity_mib != int(capacity_mib):
            raise DramConfigError(f"capacity_mib={capacity_mib!r}: must be a power of two, at least 1")
        files = {key: ini.parse(setting) for key, setting in found.items()}
        replaced = {key: ini.parse(setting) for key, setting in over.items()}
        made = cls(
            name=name,
            files=_ordered(files),
            overrides=_ordered(replaced),
            capacity_mib=int(capacity_mib),
            origins=tuple((key, setting.where) for key, setting in {**found, **over}.items()),
            printing=tuple((key, value) for key, value in {**files, **replaced}.items() if key in PRINTING),
            mode=mode,
        )
        made._warn_of_wrapping()
        return made

    def to_dict(self) -> dict[str, Any]:
        """Plain data (JSON-able) from which `from_dict` makes an equal configuration."""
        return {
            "name": self.name,
            "capacity_mib": self.capacity_mib,
            "mode": self.mode,
            "files": dict(self.files),
            "overrides": dict(self.overrides),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DramConfig:
        """The inverse of `to_dict`. Raises DramConfigError."""
        for key in ("name", "capacity_mib", "files"):
            if key not in data:
                raise DramConfigError(f"DRAM configuration: missing {key!r}")
        for key in ("files", "overrides"):
            if not isinstance(data.get(key) or {}, Mapping):
                raise DramConfigError(f"DRAM configuration: {key}: must be a table, not {data[key]!r:.60}")
        mode = data.get("mode", "dramsim2")  # not in what was saved before there were two
        files = data["files"] or {}
        made = cls.from_ini(files, {}, data["capacity_mib"], data.get("overrides"), mode)
        return replace(made, name=str(data["name"]), printing=())

    def _warn_of_wrapping(self) -> None:
        """Energy differences are taken modulo 2^32 (quirk Q10): where one is negative, energies are huge."""
        names = ("IDD0", "IDD2N", "IDD3N", "tRC", "tRAS")
        idd0, idd2n, idd3n, t_rc, t_ras = (int(self[name]) for name in names)
        pairs = [(name, "IDD3N", int(self[name]), idd3n) for name in ("IDD4R", "IDD4W", "IDD5")]
        open_ma_ticks = idd3n * t_ras + idd2n * (t_rc - t_ras)
        pairs.append(("IDD0 tRC", "IDD3N tRAS + IDD2N (tRC - tRAS)", idd0 * t_rc, open_ma_ticks))
        wrapped = [f"{small} < {big} ({less} < {more})" for small, big, less, more in pairs if less < more]
        if wrapped and self.mode == "dramsim2":
            warnings.warn(
                f"energy wraps modulo 2^32, as in DRAMSim2 (quirk Q10): {', '.join(wrapped)}",
                DramConfigWarning,
                stacklevel=3,
            )

    def __getitem__(self, key: str) -> Value:
        """A setting after overrides, by its ini key: `cfg["tRCD"]`."""
        if key not in KEYS:
            raise KeyError(f"{key}: unknown key{did_you_mean(key, KEYS)}")
        default: Value = CHOICES[key][-1] if key in CHOICES else False
        return self._values.get(key, default)

    # --- what users ask for -----------------------------------------------------------------------

    @property
    def tck_ps(self) -> int:
        """One tick in picoseconds. Raises DramConfigError if tCK is not a whole number of them."""
        ps = Decimal(repr(self["tCK"])) * 1000
        if ps != ps.to_integral_value():
            origin = dict(self.origins).get("tCK", self.name)
            raise DramConfigError(f"{origin}: tCK={self['tCK']}: must be a whole number of picoseconds")
        return int(ps)

    @property
    def vdd(self) -> float:
        """Supply voltage in volts."""
        return float(self["Vdd"])

    @property
    def num_channels(self) -> int:
        """Independent channels."""
        return int(self["NUM_CHANS"])

    @property
    def num_ranks(self) -> int:
        """Ranks per channel."""
        return self.derived["num_ranks"]

    @property
    def num_banks(self) -> int:
        """Banks per rank."""
        return int(self["NUM_BANKS"])

    @property
    def num_devices(self) -> int:
        """Devices per rank."""
        return self.derived["num_devices"]

    @property
    def transaction_bytes(self) -> int:
        """Bytes moved by one request (one burst)."""
        return self.derived["transaction_bytes"]

    @property
    def capacity_bytes(self) -> int:
        """What is really there, all channels together (one rank per channel at least)."""
        return self.derived["storage_mib_per_channel"] * self.num_channels << 20

    @property
    def peak_bandwidth_bytes_per_s(self) -> float:
        """Two beats per tick on every channel."""
        return self.num_channels * int(self["JEDEC_DATA_BUS_BITS"]) / 8 * 2 / (float(self["tCK"]) * 1e-9)

    @property
    def nj_per_unit(self) -> float:
        """Nanojoules per unit of the energy accumulators: 1 mA x Vdd x tCK [ns] = pJ, x 1e-3."""
        return self.vdd * float(self["tCK"]) * 1e-3

    @cached_property
    def derived(self) -> dict[str, int]:
        """Organisation and field widths of the address mapping that follow from the settings."""
        return engine.derive(self._engine_values)

    def map_address(self, addresses: ArrayLike) -> Locations:
        """Where byte addresses (uint64, any number) live. Address bits above the capacity are ignored.

        Raises IndexError if overrides have taken away the channel or bank an address maps to.
        """
        return Locations(*engine.map_addresses(self._engine_values, as_addresses(addresses).reshape(-1)))

    # --- what the engine asks for -----------------------------------------------------------------

    @cached_property
    def _values(self) -> dict[str, Value]:
        return {**dict(self.files), **dict(self.overrides)}

    @cached_property
    def _engine_values(self) -> dict[str, Any]:
        files = dict(self.files)
        values: dict[str, Any] = {key: self[key] for key in (*engine.uint_keys(), "tCK", "Vdd")}
        values["USE_LOW_POWER"] = self["USE_LOW_POWER"]
        values["open_page"] = self["ROW_BUFFER_POLICY"] == "open_page"
        values["rank_then_bank"] = self["SCHEDULING_POLICY"] == "rank_then_bank_round_robin"
        values["per_rank"] = self["QUEUING_STRUCTURE"] == "per_rank"
        values["scheme"] = int(str(self["ADDRESS_MAPPING_SCHEME"]).removeprefix("scheme"))
        values["megabytes"] = self.capacity_mib
        values["strict"] = self.mode == "strict"
        mapped = self._values if values["strict"] else files
        values["mapped"] = {key: mapped.get(key, self[key]) for key in MAPPED}
        return values

    @contextmanager
    def errors_explained(self) -> Iterator[None]:
        """Turns the engine's complaint of a setting into a DramConfigError that says where it was set."""
        try:
            yield
        except engine.ConfigError as error:
            key, found, allowed = error.args
            origin = dict(self.origins).get(key, key if key == "capacity_mib" else self.name)
            prefix = "" if origin == key else f"{origin}: "
            raise DramConfigError(f"{prefix}{key}={found}: must be {allowed}") from None

    @property
    def engine_values(self) -> dict[str, Any]:
        """The settings in the form the compiled engine takes."""
        return self._engine_values


def as_addresses(addresses: ArrayLike) -> NDArray[np.uint64]:
    """Byte addresses as a uint64 array. Raises ValueError for negative or fractional ones."""
    array = np.asarray(addresses)
    if array.size == 0:
        return array.astype(np.uint64)
    if array.dtype.kind not in "ui":
        exact = array.dtype == object and all(isinstance(each, int) for each in array.flat)
        if not exact:
            raise ValueError(f"addresses must be whole numbers, not {array.dtype}")
    if array.dtype.kind != "u" and array.min() < 0:
        raise ValueError(f"addresses must not be negative (found {array.min()})")
    return array.astype(np.uint64)


def within(name: str, number: int, bits: int) -> int:
    """The number, if it is whole, not negative and of so many bits at most. Raises ValueError."""
    if not 0 <= number < 1 << bits or number != int(number):
        raise ValueError(f"{name}={number}: must be a whole number from 0 to 2^{bits}-1")
    return int(number)


def _ordered(values: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    return tuple((key, values[key]) for key in ORDER if key in values and key not in PRINTING)


def _settings(source: Source, argument: str) -> tuple[str, list[Setting]]:
    """The name and the settings of a part, a file or a dict."""
    if isinstance(source, Mapping):
        return "custom", ini.from_mapping(source, argument)
    path = Path(source)
    text = str(source)
    if argument == "device" and text.removesuffix(".ini") in parts() and not path.is_file():
        path = part_path(text.removesuffix(".ini"))
    if not path.exists() and argument == "device" and path.parent == Path("."):
        known = ", ".join(parts())
        raise DramConfigError(
            f"{text}: neither a file nor a part{did_you_mean(text, parts())}; the parts are {known}"
        )
    return path.stem, ini.read_ini(path)
