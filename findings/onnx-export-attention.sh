#!/usr/bin/env bash
# torch 2.15.0, torch.onnx.export, with onnx 1.23.2 and onnxscript 0.7.2.
#
# Two valid modules run eagerly, but each stops one of the two exporters with an error.
# scaled_dot_product_attention of x (N, T, D), without an axis of heads, stops the default
# exporter with a ConversionError; it exports x[:, None], and the older exporter
# (dynamo=False) exports both. A TransformerEncoderLayer stops the older exporter with a
# TypeError from torch's own multi_head_attention_forward; the default exporter exports it.
#
# What follows: for package onnx export attention with an axis of heads, and PyTorch's
# Transformer layers with the default exporter. doc/onnx.md says so.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 numpy==2.4.6
cat > export.py <<'PYTHON'
import logging
import torch

logging.disable(logging.WARNING)


class Attention(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.scaled_dot_product_attention(x, x, x)


def exported(model, x, dynamo):
    try:
        torch.onnx.export(model, (x,), "model.onnx", dynamo=dynamo, verbose=False)
        return "exported"
    except Exception as error:
        return type(error).__name__


x = torch.randn(2, 5, 4)
print("without heads:", tuple(Attention()(x).shape), exported(Attention(), x, True), exported(Attention(), x, False))
print("with heads:", tuple(Attention()(x[:, None]).shape), exported(Attention(), x[:, None], True), exported(Attention(), x[:, None], False))
layer = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
y = torch.randn(3, 7, 16)
print("encoder layer:", tuple(layer(y).shape), exported(layer, y, True), exported(layer, y, False))
PYTHON
python export.py 2>/dev/null | grep -v '^\[torch.onnx\]' | same 'without heads: (2, 5, 4) ConversionError exported
with heads: (2, 1, 5, 4) exported exported
encoder layer: (3, 7, 16) exported TypeError'
