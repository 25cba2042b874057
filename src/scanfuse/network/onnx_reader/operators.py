"""Which operator means what. Those not named here are not modelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanfuse.network.onnx_reader import elementwise, products, shapes, windows
from scanfuse.network.onnx_reader.graph import Node
from scanfuse.network.onnx_reader.reading import Reading
from scanfuse.network.onnx_reader.view import View

Operator = Callable[[Reading, Node], "View | Sequence[View]"]

FOLDED = (
    "Abs BatchNormalization Cast CastLike Ceil Celu Clip DequantizeLinear Dropout Elu Erf Exp Floor Gelu "
    "GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization LRN LayerNormalization "
    "LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg PRelu QuantizeLinear "
    "RMSNormalization Reciprocal Relu Round Selu Shrink Sigmoid Sign Softmax Softplus Softsign Sqrt Swish "
    "Tanh ThresholdedRelu"
).split()
ELEMENTWISE = (
    "Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Not Or Pow Sub Sum Where"
).split()
REDUCTIONS = (
    "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
    "ReduceSumSquare"
).split()

OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(FOLDED, elementwise.first_input),
    **dict.fromkeys(ELEMENTWISE, elementwise.elementwise),
    **dict.fromkeys(REDUCTIONS, elementwise.reduce),
    **dict.fromkeys(windows.WEIGHTS, windows.conv),
    **dict.fromkeys(products.WEIGHTS, products.product),
    "AveragePool": windows.average_pool,
    "Concat": shapes.concat,
    "Expand": shapes.expand,
    "Flatten": shapes.flatten,
    "Gather": shapes.gather,
    "GlobalAveragePool": elementwise.global_pool,
    "GlobalMaxPool": elementwise.global_pool,
    "MaxPool": windows.max_pool,
    "Pad": windows.pad,
    "Reshape": shapes.reshape,
    "Slice": shapes.slice_channels,
    "Split": shapes.split,
    "Squeeze": shapes.squeeze,
    "Transpose": shapes.transpose,
    "Unsqueeze": shapes.unsqueeze,
}
