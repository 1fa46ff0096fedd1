#!/usr/bin/env bash
# onnx 1.23.2 (its reference implementation), onnxruntime 1.32.0 and torch 2.15.0.
#
# With ceil_mode a last window may reach beyond the picture. PyTorch and onnxruntime
# leave out windows that would see padding only, and means count the pixels that are
# there. onnx.reference.ReferenceEvaluator keeps such windows of MaxPool, so that a
# window of 3 with stride 1 makes 7 pixels 9, and divides means by the size of a whole
# window. It cannot compute a ConvTranspose of two groups.
#
# What follows: package onnx leaves the same windows out as PyTorch. doc/onnx.md says
# against what its results are checked, and why not against this one.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages onnx==1.23.2 onnxruntime==1.32.0 torch==2.15.0
cat > compare.py <<'PYTHON'
import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def both(op, *inputs, **attributes):
    names = [f"x{i}" for i in range(len(inputs))]
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], **attributes)], op,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name, x in zip(names, inputs)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    feed = dict(zip(names, inputs))
    try:
        reference = ReferenceEvaluator(model).run(None, feed)[0]
    except ValueError as error:
        reference = error
    return reference, onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feed)[0]


x = np.arange(49, dtype=np.float32).reshape(1, 1, 7, 7)
theirs = torch.nn.functional.max_pool2d(torch.from_numpy(x), 3, 1, padding=1, ceil_mode=True)
reference, runtime = both("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1], ceil_mode=1)
print("MaxPool: torch", tuple(theirs.shape), "onnxruntime", runtime.shape, "reference", reference.shape)
theirs = torch.nn.functional.avg_pool2d(torch.from_numpy(x), 3, 3, ceil_mode=True)
reference, runtime = both("AveragePool", x, kernel_shape=[3, 3], strides=[3, 3], ceil_mode=1)
print("AveragePool, last means: torch", theirs[0, 0, 2].tolist(), "onnxruntime", runtime[0, 0, 2].tolist(), "reference", reference[0, 0, 2].tolist())
reference, runtime = both("ConvTranspose", np.ones((1, 4, 5, 5), np.float32), np.ones((4, 3, 2, 2), np.float32), group=2)
print("ConvTranspose of two groups: onnxruntime", runtime.shape, "reference", reference)
PYTHON
python compare.py 2>/dev/null | same 'MaxPool: torch (1, 1, 7, 7) onnxruntime (1, 1, 7, 7) reference (1, 1, 9, 9)
AveragePool, last means: torch [43.0, 46.0, 48.0] onnxruntime [43.0, 46.0, 48.0] reference [35.5, 38.0, 40.0]
ConvTranspose of two groups: onnxruntime (1, 6, 6, 6) reference cannot reshape array of size 36 into shape (1,2,12)'
