#!/usr/bin/env bash
# torch 2.15.0, torch.onnx.export, both exporters, run by onnxruntime 1.32.0.
#
# divisor_override of an average pool is what the sum of a window is divided by. Neither
# exporter writes it: the file divides by the size of the window, without a warning. A
# network with divisor_override=1, which sums 3x3 windows, gives a ninth of it in the file.
#
# What follows: no reader of the file can know, package onnx neither. Divide or multiply
# in a line of the model instead; doc/onnx.md says so.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6
cat > export.py <<'PYTHON'
import logging
import onnxruntime
import torch

logging.disable(logging.WARNING)
x = torch.ones(1, 1, 6, 6)
sums = torch.nn.AvgPool2d(3, divisor_override=1)
times = torch.nn.Sequential(torch.nn.AvgPool2d(3), torch.nn.Conv2d(1, 1, 1, bias=False))
torch.nn.init.constant_(times[1].weight, 9)
for title, model in (("divisor_override=1", sums), ("times 9", times)):
    for exporter, dynamo in (("default", True), ("older", False)):
        torch.onnx.export(model.eval(), (x,), "model.onnx", dynamo=dynamo, verbose=False)
        session = onnxruntime.InferenceSession("model.onnx")
        y = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
        print(f"{title}, {exporter} exporter: torch {model(x).max().item():g}, file {float(y.max()):g}")
PYTHON
python export.py 2>/dev/null | grep -v '^\[torch.onnx\]' | same 'divisor_override=1, default exporter: torch 9, file 1
divisor_override=1, older exporter: torch 9, file 1
times 9, default exporter: torch 9, file 9
times 9, older exporter: torch 9, file 9'
