#!/usr/bin/env bash
# torch 2.15.0, torch.onnx.export (default exporter), run by onnxruntime 1.32.0.
#
# Two losses leave PyTorch with another value than they have there, without a
# warning. cross_entropy with label_smoothing=0.1 becomes a plain
# SoftmaxCrossEntropyLoss: the file computes the loss without smoothing.
# binary_cross_entropy_with_logits becomes Log(Sigmoid(x)): at a logit of -200
# with target 1 the file says inf, PyTorch says 200.
#
# What follows: a loss that comes in an ONNX file is not the loss of the program
# that wrote it. Import networks, and take the loss from the trainer.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6
cat > export.py <<'PYTHON'
import logging
import onnxruntime
import torch
import torch.nn.functional as F

logging.disable(logging.WARNING)


class Smoothed(torch.nn.Module):
    def forward(self, logits, target):
        return F.cross_entropy(logits, target, label_smoothing=0.1)


class Binary(torch.nn.Module):
    def forward(self, logits, target):
        return F.binary_cross_entropy_with_logits(logits, target)


def both(loss, *inputs):
    torch.onnx.export(loss.eval(), inputs, "loss.onnx", verbose=False)
    session = onnxruntime.InferenceSession("loss.onnx")
    names = [entry.name for entry in session.get_inputs()]
    value = session.run(None, dict(zip(names, (x.numpy() for x in inputs))))[0]
    return f"torch {loss(*inputs).item():.4f} file {float(value):.4f}"


logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]])
target = torch.tensor([0, 2])
print("smoothed:", both(Smoothed(), logits, target))
print("without smoothing:", f"torch {F.cross_entropy(logits, target).item():.4f}")
print("binary:", both(Binary(), torch.tensor([-200.0]), torch.tensor([1.0])))
PYTHON
python export.py 2>/dev/null | grep -v '^\[torch.onnx\]' | same 'smoothed: torch 1.2639 file 1.2056
without smoothing: torch 1.2056
binary: torch 200.0000 file inf'
