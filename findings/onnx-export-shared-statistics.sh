#!/usr/bin/env bash
# torch 2.15.0, torch.onnx.export (default exporter).
#
# Tensors of equal contents become one in the file. A fresh BatchNorm2d has
# weight 1, bias 0, running mean 0 and running variance 1, so its node reads
# (input, weight, bias, bias, weight): the statistics are the parameters.
#
# What follows: an importer that trains must copy every input of a node, or each
# step of the bias moves the running mean.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2
cat > export.py <<'PYTHON'
import onnx
import torch

norm = torch.nn.BatchNorm2d(4).eval()
torch.onnx.export(norm, (torch.ones(2, 4, 3, 3),), "norm.onnx", verbose=False)
graph = onnx.load("norm.onnx").graph
print(*graph.node[0].input)
print(*(entry.name for entry in graph.initializer))
PYTHON
python export.py 2>/dev/null | grep -v '^\[torch.onnx\]' | same 'input weight bias bias weight
weight bias'
