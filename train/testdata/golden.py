"""Writes uda.safetensors: UDA's loss and its gradient by PyTorch.

The loss is written as in the paper (Xie et al., arXiv 1904.12848), one term after
another. The case K has the logits K.logits, whose first rows belong to K.labels
and whose others are originals and then augmented images, the settings
K.settings (progress, smoothing, weight, threshold, temperature), the loss K.loss,
its gradient K.grad and the number of images that teach K.confident.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import math

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(5)
out = {}


def bound(annealing, progress, classes):
    share = {
        "linear": progress,
        "log": 1 - math.exp(-5 * progress),
        "exp": math.exp(5 * (progress - 1)),
    }[annealing]
    return share * (1 - 1 / classes) + 1 / classes


def record(name, annealing="", progress=0.5, smoothing=0.0, weight=1.0, threshold=0.8, temperature=0.4,
           labelled=6, unlabelled=9, classes=5, scale=3.0, known=False):
    logits = scale * torch.randn(labelled + 2 * unlabelled, classes)
    labels = torch.randint(classes, (labelled,))
    if known:
        logits[range(labelled), labels] += 9
    logits.requires_grad_()
    few, original, augmented = logits.split([labelled, unlabelled, unlabelled])

    losses = F.cross_entropy(few, labels, label_smoothing=smoothing, reduction="none")
    if annealing:
        known = few.softmax(1).gather(1, labels[:, None])[:, 0] > bound(annealing, progress, classes)
        counts = (~known).float()
        supervised = (losses * counts).sum() / counts.sum().clamp(min=1)
    else:
        supervised = losses.mean()
    with torch.no_grad():
        target = (original / temperature).softmax(1)
        sure = (original.softmax(1).max(1).values > threshold).float()
    divergences = F.kl_div(augmented.log_softmax(1), target, reduction="none").sum(1)
    loss = supervised + weight * (sure * divergences).mean() if unlabelled else supervised
    loss.backward()

    key = f"{name},{annealing}"
    out[f"{key}.logits"] = logits.detach()
    out[f"{key}.labels"] = labels.float()
    out[f"{key}.settings"] = torch.tensor([progress, smoothing, weight, threshold, temperature])
    out[f"{key}.loss"] = loss.detach()
    out[f"{key}.grad"] = logits.grad
    out[f"{key}.confident"] = sure.sum()


record("cifar")
record("imagenet", smoothing=0.1, weight=20.0, threshold=0.6, temperature=0.5, classes=8)
record("all", threshold=0.0, temperature=1.0, scale=1.0)
record("unsure", threshold=0.999, scale=0.5)
record("supervised", unlabelled=0)
for kind in ("linear", "log", "exp"):
    for progress in (0.0, 0.3, 0.9):
        record(f"annealed{progress}", annealing=kind, progress=progress, smoothing=0.1)
record("known", annealing="linear", progress=0.0, scale=1.0, known=True)

save_file(out, "uda.safetensors")
