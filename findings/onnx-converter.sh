#!/usr/bin/env bash
# onnx 1.23.2 (its version converter and reference implementation) and onnxruntime 1.32.0.
#
# onnx.version_converter takes a model from one version of the operations to another. Three
# conversions change what the model computes, without a word, and one makes a model that
# cannot be run:
#  - Resize, 10 to 11. Version 11 gave it attributes that say where pixels lie, and their
#    defaults are not what version 10 did. The converter writes none of them. Linear
#    pixels are others at every scale, the nearest ones unless the scale is whole.
#    (Version 10 does not say how it rounds where a picture becomes smaller; onnxruntime
#    rounds up. The reference implementation cannot run it.)
#  - Softmax, 13 to 12. Version 12 sums over the axis and all axes behind it; the converter
#    keeps the number of the axis. The way from 12 to 13 is right.
#  - Hardmax, 12 to 13: the same change of meaning, and this way is wrong.
#  - GroupNormalization, 20 to 21: version 21 has a scale for each channel instead of each
#    group. The converter multiplies by scales whose shape does not fit.
#
# What follows: package onnx reads versions 7 to 24 itself, with the meaning of each, and
# refuses a Resize that rounds. doc/onnx.md says not to convert files.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages onnx==1.23.2 onnxruntime==1.32.0
cat > convert.py <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, version_converter
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)


def model(op, version, x, *inputs, **attributes):
    names = [f"x{i}" for i in range(len(inputs))]
    graph = helper.make_graph(
        [helper.make_node(op, ["x", *names], ["y"], **attributes)], op,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * x.ndim)],
        [numpy_helper.from_array(np.array(v, np.float32), name) for v, name in zip(inputs, names)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=5 if version < 18 else 9)


def run(model, x):
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception as error:
        return str(error).split(": ")[-1]
    return " ".join(f"{v:.2f}" for v in session.run(None, {"x": x})[0].ravel())


def compare(op, before, after, x, *inputs, **attributes):
    m = model(op, before, x, *inputs, **attributes)
    print(op, *attributes.values(), *(inputs[0][3:] if op == "Resize" else ()), f"| {before}:", run(m, x), f"| {after}:", run(version_converter.convert_version(m, after), x))


row = np.arange(1, 4, dtype=np.float32).reshape(1, 1, 1, 3)
compare("Resize", 10, 11, row, [1, 1, 1, 2], mode="nearest")
compare("Resize", 10, 11, row, [1, 1, 1, 1.4], mode="nearest")
compare("Resize", 10, 11, row, [1, 1, 1, 2], mode="linear")
square = np.arange(4, dtype=np.float32).reshape(1, 2, 2)
compare("Softmax", 13, 12, square, axis=1)
compare("Softmax", 12, 13, square, axis=1)
compare("Hardmax", 12, 13, square, axis=1)
compare("GroupNormalization", 20, 21, np.arange(8, dtype=np.float32).reshape(1, 4, 2, 1), [1, 1], [0, 0], num_groups=2)
try:
    ReferenceEvaluator(model("Resize", 10, row, [1, 1, 1, 2], mode="nearest")).run(None, {"x": row})
except ValueError as error:
    print("reference:", error)
PYTHON
python convert.py 2>/dev/null | same 'Resize nearest 2 | 10: 1.00 1.00 2.00 2.00 3.00 3.00 | 11: 1.00 1.00 2.00 2.00 3.00 3.00
Resize nearest 1.4 | 10: 1.00 1.00 2.00 3.00 | 11: 1.00 2.00 2.00 3.00
Resize linear 2 | 10: 1.00 1.50 2.00 2.50 3.00 3.00 | 11: 1.00 1.25 1.75 2.25 2.75 3.00
Softmax 1 | 13: 0.12 0.12 0.88 0.88 | 12: 0.03 0.09 0.24 0.64
Softmax 1 | 12: 0.03 0.09 0.24 0.64 | 13: 0.03 0.09 0.24 0.64
Hardmax 1 | 12: 0.00 0.00 0.00 1.00 | 13: 0.00 0.00 1.00 1.00
GroupNormalization 2 | 20: -1.34 -0.45 0.45 1.34 -1.34 -0.45 0.45 1.34 | 21: Node () Op (Mul) [ShapeInferenceError] Incompatible dimensions
reference: output_size is None and scale_factors is None.'
