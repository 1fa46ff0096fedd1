"""Writes losses.safetensors: ten training losses of networks in which patterns act,
as patterns/pytorch applies them. Weights, images and labels come from the formula of
../golden.py; the patterns are the files beside this one, and the seed is 1.

Made with torch 2.15.0, torchvision 0.29.2 and timm 1.0.31. Run in this directory.
"""
import pathlib
import sys

import timm
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from safetensors.torch import save_file

sys.path[:0] = ["..", str(pathlib.Path("../../../patterns/pytorch"))]
import autodropout
from golden import WRN, images, values, weigh


class Encoder(nn.Module):
    """Two layers and a classifier of each token."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(16, 2, 20, dropout=0, batch_first=True) for _ in range(2)])
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.fc(x).flatten(0, 1)


def losses(name, model, pattern, batch, rate=0.02):
    weigh(model)
    handle = autodropout.attach(model, autodropout.load(pattern), seed=1, steps=10)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    out = []
    for step in range(10):
        logits = model(batch(step))
        labels = torch.tensor([(step * 7 + i * 3) % 10 for i in range(len(logits))])
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        handle.step()
        out.append(loss.item())
    print(name, len(handle.sites), out)
    return torch.tensor(out)


torch.set_num_threads(1)
results = {
    "wrn": losses("wrn", WRN(10, 1, 10), "convnet-3.json", lambda step: images(step % 2, 8, 16)),
    "wrn-wide": losses("wrn-wide", WRN(16, 1, 10), "wide-3.json", lambda step: images(step % 2, 8, 16)),
    "resnet-18": losses("resnet-18", torchvision.models.resnet18(num_classes=10), "convnet-4.json", lambda step: images(step % 2, 4, 64), 1e-3),
    "efficientnet-b0": losses("efficientnet-b0", timm.create_model("efficientnet_b0", num_classes=10), "convnet-7.json", lambda step: images(step % 2, 4, 64), 1e-3),
    "transformer": losses("transformer", Encoder(), "sequence.json", lambda step: values(step % 2, 4, 7, 16)),
}
save_file(results, "losses.safetensors", metadata={"torch": torch.__version__})
