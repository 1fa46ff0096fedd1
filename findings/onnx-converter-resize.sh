#!/usr/bin/env bash
# onnx 1.23.2 (its version converter and reference implementation) and onnxruntime 1.32.0.
#
# Version 11 of the operations gave Resize attributes that say where its pixels lie. Their
# defaults are not what version 10 did, where pixels lay at multiples of 1/scale. The
# converter writes none of them. So a file that asks for the nearest pixels gives other
# ones after onnx.version_converter has taken it from version 10 to 11, unless a scale is
# whole. Version 10 does not say how it rounds where a picture becomes smaller;
# onnxruntime rounds up. The reference implementation cannot run a Resize of version 10.
#
# What follows: package onnx reads versions 7 to 10 itself, with their own places of
# pixels, and refuses a Resize that rounds. doc/onnx.md says not to convert such files.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages onnx==1.23.2 onnxruntime==1.32.0
cat > convert.py <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, version_converter
from onnx.reference import ReferenceEvaluator

x = np.arange(1, 6, dtype=np.float32).reshape(1, 1, 1, 5)


def resized(scale):
    scales = np.array([1, 1, 1, scale], np.float32)
    graph = helper.make_graph(
        [helper.make_node("Resize", ["x", "scales"], ["y"], mode="nearest")], "resize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 1, None])],
        [numpy_helper.from_array(scales, "scales")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 10)], ir_version=5)


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0].ravel().astype(int).tolist()


for scale in (2, 1.3, 0.9):
    model = resized(scale)
    converted = version_converter.convert_version(model, 11)
    print(scale, run(model), "after conversion", run(converted), "with", *[a.name for a in converted.graph.node[-1].attribute])
try:
    ReferenceEvaluator(resized(1.5)).run(None, {"x": x})
except ValueError as error:
    print("reference:", error)
PYTHON
python convert.py 2>/dev/null | same '2 [1, 1, 2, 2, 3, 3, 4, 4, 5, 5] after conversion [1, 1, 2, 2, 3, 3, 4, 4, 5, 5] with mode
1.3 [1, 1, 2, 3, 4, 4] after conversion [1, 2, 2, 3, 4, 5] with mode
0.9 [1, 3, 4, 5] after conversion [1, 2, 3, 4] with mode
reference: output_size is None and scale_factors is None.'
