#!/usr/bin/env bash
# onnx 1.23.2 (its reference implementation) and onnxruntime 1.32.0.
#
# RNN, GRU and LSTM take the length of each sequence of a batch. The specification
# says that nothing after the end is computed: outputs there are 0, and the last state
# is the one at the end. onnxruntime does this. onnx.reference.ReferenceEvaluator
# ignores the lengths without a word: it goes on through the padding, and its last
# state is the one after it.
#
# What follows: package onnx reads the lengths of an LSTM and a GRU. doc/onnx.md says
# against what its results are checked, and why not against this one.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages onnx==1.23.2 onnxruntime==1.32.0
cat > compare.py <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

steps, hidden = 5, 3
lengths = np.array([5, 3], np.int32)
random = np.random.default_rng(0)
for op, gates in ("RNN", 1), ("GRU", 3), ("LSTM", 4):
    shapes = {"x": (steps, 2, 4), "w": (1, gates * hidden, 4), "r": (1, gates * hidden, hidden), "b": (1, 2 * gates * hidden)}
    inputs = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()} | {"lengths": lengths}
    node = helper.make_node(op, list(inputs), ["y", "last"], hidden_size=hidden)
    graph = helper.make_graph(
        [node], op,
        [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape) for name, value in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (steps, 1, 2, hidden)), helper.make_tensor_value_info("last", TensorProto.FLOAT, (1, 2, hidden))])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    runtime = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for name, (y, last) in ("onnxruntime", runtime.run(None, inputs)), ("reference", ReferenceEvaluator(model).run(None, inputs)):
        after, state = y[3:, 0, 1], last[0, 1]
        at = [step + 1 for step in range(steps) if np.allclose(state, y[step, 0, 1])]
        print(op, name, "has zeros" if not after.any() else "goes on", "after the end; last state of step", *at)
PYTHON
python compare.py | same 'RNN onnxruntime has zeros after the end; last state of step 3
RNN reference goes on after the end; last state of step 5
GRU onnxruntime has zeros after the end; last state of step 3
GRU reference goes on after the end; last state of step 5
LSTM onnxruntime has zeros after the end; last state of step 3
LSTM reference goes on after the end; last state of step 5'
