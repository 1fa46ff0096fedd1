"""Writes small networks as torch.onnx.export does, by both exporters, and golden.safetensors
with an input NAME.x, images channels last, and the output NAME.y of each.

Made with torch 2.15.0, onnx 1.23.2, onnxscript 0.7.2 and safetensors 0.8.0. Run in this
directory.
"""
import logging
import warnings

import onnx
import torch
import torch.nn as nn
from safetensors.torch import save_file

logging.disable(logging.WARNING)
warnings.filterwarnings("ignore")
torch.manual_seed(5)
torch.set_num_threads(1)


class Images(nn.Module):
    """An inverted bottleneck with a gate, between a convolution with uneven padding and a
    classifier; one normalisation stands behind no convolution."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 4, stride=2, padding=(1, 2), bias=False), nn.BatchNorm2d(4), nn.ReLU6())
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.norm = nn.BatchNorm2d(4)
        self.wide = nn.Conv2d(4, 8, 1)
        self.depth = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.reduce, self.expand = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)
        self.narrow = nn.Conv2d(8, 4, 1)
        self.group = nn.GroupNorm(2, 4)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(4, 3))

    def forward(self, x):
        x = self.norm(self.pool(self.stem(x)))
        h = nn.functional.silu(self.depth(nn.functional.hardswish(self.wide(x))))
        h = h * torch.sigmoid(self.expand(nn.functional.silu(self.reduce(h.mean((2, 3), keepdim=True)))))
        x = nn.functional.gelu(self.group(x + self.narrow(h)))
        return self.classifier(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.lstm = nn.LSTM(4, 3, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(6, 5)

    def forward(self, words):
        return self.out(self.lstm(self.embedding(words))[0][:, -1])


class Sequences(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 4, batch_first=True)
        self.norm = nn.LayerNorm(4)
        self.key, self.value = nn.Linear(4, 4, bias=False), nn.Linear(4, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        x = self.norm(self.gru(x)[0])
        heads = lambda x: x.unflatten(-1, (2, 2)).transpose(1, 2)
        x = x + nn.functional.scaled_dot_product_attention(heads(x), heads(self.key(x)), heads(self.value(x))).transpose(1, 2).flatten(2)
        return torch.log_softmax(self.out(nn.functional.gelu(x, approximate="tanh")), -1)


def disturb(module):
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.3)
                part.running_var.uniform_(0.5, 1.5)
        for p in module.parameters():
            if p.dim() == 1:
                p.add_(0.3 * torch.randn_like(p))
    return module.eval()


out = {}
for name, module, x in [
    ("images", Images(), torch.randn(2, 3, 16, 14)),
    ("words", Words(), torch.randint(0, 7, (2, 5))),
    ("sequences", Sequences(), torch.randn(2, 5, 3)),
]:
    disturb(module)
    torch.onnx.export(module, (x,), f"{name}-script.onnx", dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    torch.onnx.export(module, (x,), f"{name}-dynamo.onnx", dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False, verbose=False)
    for exporter in ("script", "dynamo"):
        path = f"{name}-{exporter}.onnx"
        model = onnx.load(path)
        for node in model.graph.node:  # where in the program they come from: most of the file
            del node.metadata_props[:]
            node.doc_string = ""
        for value in list(model.graph.input) + list(model.graph.output) + list(model.graph.initializer):
            del value.metadata_props[:]
        del model.graph.value_info[:], model.graph.metadata_props[:], model.metadata_props[:]
        onnx.save(model, path)
    out[f"{name}.x"] = (x.permute(0, 2, 3, 1) if x.dim() == 4 else x).float().contiguous()
    out[f"{name}.y"] = module(x).detach().contiguous()
save_file(out, "golden.safetensors")
