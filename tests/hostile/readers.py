"""The readers of files as tests and fuzzers see them: any bytes are read, or refused in words.

`targets()` names what there is to read: traces, DRAM settings, networks, hardware. `samples` gives whole
files of it, `read` reads one file and checks what comes of it.
"""

import time
import warnings

import numpy as np
from onnx import TensorProto, helper

from scanfuse.dram import (
    DramConfig,
    DramConfigError,
    TraceError,
    read_trace,
    trace_formats,
    write_trace,
)
from scanfuse.dram.parts import default_system_path, part_path
from scanfuse.hardware import HardwareError, load_hardware
from scanfuse.network import NetworkError, load

PART = "DDR3_micron_32M_8B_x8_sg15"
CFG = DramConfig.from_ini(PART, capacity_mib=4096)
PACKINGS = ("", ".gz", ".zst")
MOST_SECONDS = 5.0
TOPOLOGY = b"""Layer name, IFMAP Height, IFMAP Width, FH, FW, Channels, Num Filter, Strides,
conv, 18, 10, 3, 3, 4, 8, 1,
depthwise, 16, 8, 3, 3, 8, 1, 1,
pointwise, 14, 6, 1, 1, 8, 16, 1,
"""
ARCHITECTURE = b"""[general]
run_name = "scale"
[architecture_presets]
ArrayHeight : 32
ArrayWidth : 16
IfmapSramSzkB: 64
FilterSramSzkB: 64
OfmapSramSzkB: 64
Dataflow : os
"""


def targets():
    """`ini`, those of READERS, and each trace format as it is and packed: `csv`, `csv.gz`, ..."""
    return ["ini", *READERS, *(name + packing for name in trace_formats() for packing in PACKINGS)]


def samples(target, folder):
    """Whole files of a kind, as bytes."""
    if target == "ini":
        device, system = part_path(PART).read_bytes(), default_system_path().read_bytes()
        return [device + system, device, system, device.replace(b"=", b" = ").replace(b"\n", b"\r\n")]
    if target in READERS:
        return READERS[target][1]()
    name, packing = _split(target)
    found = []
    path = folder / f"sample{packing}"
    for size in (0, 3, 40):
        numbers = np.arange(size)
        metadata = {"requests": size, "network": "none"}
        write_trace(
            path,
            numbers * 3,
            numbers * 64,
            numbers % 2 == 1,
            cfg=CFG,
            total_ticks=900,
            metadata=metadata,
            format=name,
        )
        found.append(path.read_bytes())
    return found


def read(target, data, folder, skip_bad=False):
    """Reads `data` as a file of that kind; its trace or configuration, or None if it was refused.

    Whatever is not a reading or the error that the reader promises comes through.
    """
    begun = time.monotonic()
    if target in READERS:
        found = _read_described(target, data, folder, skip_bad)
    else:
        found = _read_ini(data, folder) if target == "ini" else _read_trace(target, data, folder, skip_bad)
    seconds = time.monotonic() - begun
    assert seconds < MOST_SECONDS, f"{seconds:.1f} s for {len(data)} bytes"
    return found


def _read_ini(data, folder):
    path = folder / "own.ini"
    path.write_bytes(data)
    try:
        cfg = DramConfig.from_ini(path)
    except DramConfigError as error:
        assert str(path) in str(error) or "capacity_mib" in str(error)
        return None
    assert DramConfig.from_dict(cfg.to_dict()) == cfg
    return cfg


def _read_trace(target, data, folder, skip_bad):
    name, packing = _split(target)
    path = folder / f"own{packing}"
    path.write_bytes(data)
    try:
        trace = read_trace(path, name, skip_bad=skip_bad, cfg=CFG)
    except TraceError as error:
        assert str(path) in str(error)
        return None
    assert len(trace.cycles) == len(trace.addresses) == len(trace.is_write)
    assert trace.idle is None or len(trace.idle) == len(trace)
    assert not len(trace) or trace.cycles.min() >= 0
    for what in ("config", "total_ticks"):
        try:
            getattr(trace, what)
        except TraceError as error:
            assert "metadata of the trace" in str(error)
    return trace


def _models():
    """ONNX models whose nodes compute shapes, join and cut maps, and make every kind of layer."""

    def node(kind, inputs, output, **attributes):
        return helper.make_node(kind, inputs.split(), output.split(), output, **attributes)

    def model(*nodes):
        extents = {"w": [4, 8, 1, 1], "v": [4, 4, 3, 3], "u": [4, 10]}
        weights = [TensorProto(name=name, dims=dims, data_type=1) for name, dims in extents.items()]
        pads = helper.make_tensor("pads", TensorProto.INT64, [8], [0, 0, 1, 1, 0, 0, 1, 1])
        ends = [helper.make_tensor_value_info(name, 1, shape) for name, shape in ENDS.items()]
        graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [*weights, pads])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()

    first = [node("Conv", "x w", "a", strides=[2, 2]), node("Relu", "a", "b")]
    last = [node("GlobalAveragePool", "d", "e"), node("Flatten", "e", "f"), node("Gemm", "f u", "y")]
    residual = [node("Pad", "b pads", "c"), node("Conv", "c v", "p"), node("Add", "p a", "d")]
    cut = [node("Split", "b", "l r", axis=1), node("Concat", "l r", "c", axis=1), node("Shape", "c", "s")]
    shaped = [node("Reshape", "c s", "q"), node("Sigmoid", "q", "z"), node("Mul", "z q", "d")]
    return [model(*first, *residual, *last), model(*first, *cut, *shaped, *last)]


ENDS = {"x": [1, 8, 12, 12], "y": [1, 10]}
READERS = {
    "onnx": (".onnx", _models),
    "topology": (".csv", lambda: [TOPOLOGY, b"Layer,M,N,K,\na,3,4,5,\n"]),
    "cfg": (".cfg", lambda: [ARCHITECTURE]),
}


def _read_described(target, data, folder, skip_bad):
    """A network or hardware. skip_bad: of a graph, pass over what is not modelled."""
    path = folder / f"own{READERS[target][0]}"
    path.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if target == "cfg":
                return load_hardware(path)
            return load(str(path), skip_unsupported=skip_bad and target == "onnx")
    except (NetworkError, HardwareError) as error:
        assert str(path) in str(error)
        return None


def _split(target):
    name, dot, packing = target.partition(".")
    return name, dot + packing
