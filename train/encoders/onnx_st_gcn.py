"""The folded ST-GCN run by ONNX Runtime, which spends far less than PyTorch between operations.

A live window is so small that PyTorch's own overhead costs as much as the arithmetic. Both packages
needed (``onnx``, ``onnxruntime``) come with the extra ``fast``; without them, and on other devices
than the CPU, :class:`train.encoders.folded.FoldedSTGCN` answers.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from train.encoders.folded import FoldedBlock, FoldedSTGCN
from train.encoders.st_gcn import STGCN

_OPSET = 17


def available() -> bool:
    """Whether the packages are here."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


class OnnxSTGCN(FoldedSTGCN):
    """As :class:`FoldedSTGCN`, on the CPU; uses as many threads as PyTorch had when it was made.

    Args:
        encoder: the network; later changes of it are not seen.
    """

    def __init__(self, encoder: STGCN) -> None:
        super().__init__(encoder)
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(
            _Graph(self).serialised(), options, providers=["CPUExecutionProvider"]
        )

    def _encode(self, x: Tensor) -> Tensor:
        (features,) = self._session.run(None, {"x": x.contiguous().numpy()})
        return torch.from_numpy(features)


class _Graph:
    """The network's operations on (B, T, V, C) arrays, written down for ONNX."""

    def __init__(self, network: FoldedSTGCN) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        x = self._add("Mul", "x", self._constant(network.scale))
        x = self._add("Add", x, self._constant(network.shift))
        for block in network.blocks:
            assert isinstance(block, FoldedBlock)
            x = self._block(x, block)
        self._add("ReduceMean", x, axes=[1, 2], keepdims=0)
        self._joints, self._channels = network.scale.shape

    def serialised(self) -> bytes:
        from onnx import TensorProto, helper

        shape = [None, None, self._joints, self._channels]
        given = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
        result = helper.make_tensor_value_info(self._nodes[-1].output[0], TensorProto.FLOAT, None)
        graph = helper.make_graph(self._nodes, "st-gcn", [given], [result], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = 8  # what opset 17 came with, so that every runtime since reads it
        data: bytes = model.SerializeToString()
        return data

    def _block(self, x: str, block: FoldedBlock) -> str:
        parts, joints, _ = block.adjacency.shape
        _, channels, width = block.weight.shape
        mix, weight = block.adjacency, block.weight
        if channels <= width:
            out = self._add("MatMul", self._constant(mix.permute(2, 0, 1).flatten(0, 1)), x)
            out = self._add("Reshape", out, self._shape(0, -1, joints, parts * channels))
            out = self._add("MatMul", out, self._constant(weight.flatten(0, 1)))
        else:
            projection = weight.permute(1, 0, 2).reshape(channels, -1)
            out = self._add("MatMul", x, self._constant(projection))
            out = self._add("Reshape", out, self._shape(0, -1, joints * parts, width))
            out = self._add("MatMul", self._constant(mix.permute(2, 1, 0).flatten(1, 2)), out)
        out = self._add("Relu", self._add("Add", out, self._constant(block.bias)))
        out = self._convolution(self._add("Transpose", out, perm=[0, 3, 1, 2]), block.temporal)
        if block.has_residual:
            past = self._add("Transpose", x, perm=[0, 3, 1, 2])
            if block.shortcut is not None:
                past = self._convolution(past, block.shortcut)
            out = self._add("Add", out, past)
        return self._add("Transpose", self._add("Relu", out), perm=[0, 2, 3, 1])

    def _convolution(self, x: str, layer: nn.Conv2d) -> str:
        over, across = (int(size) for size in layer.padding)
        assert layer.bias is not None
        return self._add(
            "Conv",
            x,
            self._constant(layer.weight),
            self._constant(layer.bias),
            pads=[over, across, over, across],
            strides=list(layer.stride),
        )

    def _add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        output = f"value{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    def _constant(self, values: Tensor) -> str:
        return self._array(values.detach().contiguous().numpy())

    def _shape(self, *sizes: int) -> str:
        return self._array(np.array(sizes, np.int64))

    def _array(self, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values, name))
        return name
