"""Compares networks in files of ONNX with PyTorch and with onnxruntime.

    python3 onnx/peers/compare.py FOLDER

In the folder, PyTorch writes networks of torchvision and an LSTM, of random weights, by
both exporters; the test TestPeers of package onnx reads them and writes networks of its
own; and onnxruntime runs those, for four examples and for one. What is printed are the
largest differences of outputs, relative to the largest one. Failure where one is above
1e-5. The weights are random: what is compared is what files mean.

Needs torch, torchvision, onnx, onnxscript, onnxruntime, numpy and safetensors.
"""
import logging
import os
import pathlib
import platform
import subprocess
import sys
import warnings

import numpy
import onnx
import onnxruntime
import torch
import torchvision
from safetensors.numpy import load_file, save_file

logging.disable(logging.WARNING)
warnings.filterwarnings("ignore")
torch.manual_seed(0)
LIMIT = 1e-5


class Words(torch.nn.Module):
    """A small LSTM that reads words."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(20, 8)
        self.lstm = torch.nn.LSTM(8, 12, 2, batch_first=True, bidirectional=True)
        self.out = torch.nn.Linear(24, 5)

    def forward(self, words):
        return self.out(self.lstm(self.embedding(words))[0][:, -1])


class Gates(torch.nn.Module):
    """A GRU, layer normalisation, GELU and a linear layer on sequences."""

    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(8, 12, batch_first=True)
        self.norm = torch.nn.LayerNorm(12)
        self.out = torch.nn.Linear(12, 5)

    def forward(self, x):
        return self.out(torch.nn.functional.gelu(self.norm(self.gru(x)[0])))


def disturbed(module):
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
            part.weight.data.uniform_(0.5, 1.5)
            part.bias.data.normal_(0, 0.1)
    return module.eval()


def write(folder):
    picture = lambda: torch.randn(3, 3, 64, 64)
    for name, make, x in [
        ("resnet18", torchvision.models.resnet18, picture()),
        ("resnet50", torchvision.models.resnet50, picture()),
        ("efficientnet_b0", torchvision.models.efficientnet_b0, picture()),
        ("mobilenet_v2", torchvision.models.mobilenet_v2, picture()),
        ("lstm", Words, torch.randint(0, 20, (3, 7))),
        ("gru", Gates, torch.randn(3, 7, 8)),
        ("encoder", lambda: torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), torch.randn(3, 7, 16)),
    ]:
        module = disturbed(make())  # drawn anew in any case, so that what follows is the same
        with torch.no_grad():
            y = module(x)
        save = {"x": x.numpy().astype(numpy.float32), "y": y.numpy()}
        if x.dim() == 4:
            save["x"] = numpy.ascontiguousarray(save["x"].transpose(0, 2, 3, 1))
        for exporter in ("script", "dynamo"):
            if (name, exporter) == ("encoder", "script"):
                continue  # torch 2.15 cannot: it gives its own attention a tensor for is_causal
            path = folder / f"{name}-{exporter}.onnx"
            if path.with_suffix(".safetensors").exists():
                continue  # from a run before
            if exporter == "script":
                torch.onnx.export(module, (x,), path, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "batch"}})
            else:
                torch.onnx.export(module, (x,), path, dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False)
            save_file(save, path.with_suffix(".safetensors"))


def check(path):
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    file = load_file(path.with_suffix(".safetensors"))
    worst = 0.0
    for examples in (4, 1):
        feed = {}
        for entry in session.get_inputs():
            x = file["in." + entry.name][:examples]
            if entry.type == "tensor(int64)":
                x = x.astype(numpy.int64)
            if x.ndim == 4:
                x = numpy.ascontiguousarray(x.transpose(0, 3, 1, 2))
            feed[entry.name] = x
        for entry, got in zip(session.get_outputs(), session.run(None, feed)):
            want = file["out." + entry.name]
            if entry.shape[0] == "batch":
                want = want[:examples]
            elif examples != 4:
                continue  # the examples are in another axis
            if got.ndim == 4:
                got = got.transpose(0, 2, 3, 1)
            assert got.shape == want.shape, (path, entry.name, got.shape, want.shape)
            finite = numpy.abs(want[numpy.isfinite(want)])
            worst = max(worst, float(numpy.nanmax(numpy.abs(got - want)) / max(finite.max(), 1e-30)))
    return worst


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    for part in ("torch", "ours"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, "
          f"numpy {numpy.__version__}, Python {platform.python_version()}, {subprocess.check_output(['go', 'version'], text=True).strip()}")
    write(folder / "torch")
    root = pathlib.Path(__file__).resolve().parents[2]
    environment = os.environ | {"AUTODROPOUT_ONNX_PEERS": str(folder)}
    run = subprocess.run(["go", "test", "./onnx", "-run", "^TestPeers$", "-count", "1", "-v"], cwd=root, env=environment, text=True, capture_output=True)
    print("".join(line + "\n" for line in run.stdout.splitlines() if line.startswith("read ")), end="")
    failed = run.returncode != 0
    if failed:
        print(run.stdout, run.stderr)
    for path in sorted((folder / "ours").glob("*.onnx")):
        worst = check(path)
        failed |= not worst <= LIMIT
        print(f"wrote {path.stem:32} differs in onnxruntime by {worst:.1e} of the largest output")
    sys.exit(failed)


main()
