#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU) and torch 2.15.0.
#
# In training both replace the running variance by the batch's. For the values 1
# and 3, onnxruntime's BatchNormalization with training_mode=1 stores 1 (divided
# by n), PyTorch's BatchNorm stores 2 (divided by n - 1). The outputs agree.
#
# What follows: running variances of a network that trained in one do not continue
# in the other for small batches. Ours are PyTorch's.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > train.py <<'PYTHON'
import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

x = numpy.array([[1.0], [3.0]], numpy.float32)
start = {"scale": 1.0, "bias": 0.0, "mean": 0.0, "variance": 1.0}
node = helper.make_node("BatchNormalization", ["x", *start], ["y", "new_mean", "new_variance"], training_mode=1, momentum=0.0)
graph = helper.make_graph(
    [node], "norm",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 1])],
    [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.output],
    [numpy_helper.from_array(numpy.array([value], numpy.float32), name) for name, value in start.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=10)
mean, variance = onnxruntime.InferenceSession(model.SerializeToString()).run(["new_mean", "new_variance"], {"x": x})
print("onnxruntime: mean", mean[0], "variance", variance[0])
norm = torch.nn.BatchNorm1d(1, momentum=1.0)
norm(torch.tensor(x))
print("torch: mean", norm.running_mean.item(), "variance", norm.running_var.item())
PYTHON
python train.py 2>/dev/null | same 'onnxruntime: mean 2.0 variance 1.0
torch: mean 2.0 variance 2.0'
