"""What the pages print in Python, run as they print it. A test of Go (doc) holds the pages to
this file."""

import os
from pathlib import Path

import torch
import torchvision
from torch.nn.functional import cross_entropy

import autodropout

PATTERN = Path(__file__).parents[2] / "cifar10-few-wrn-10-1.json"


def network():
    """A residual network with as many stages as the pattern, and batches for it."""
    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=10)
    model.layer4 = torch.nn.Conv2d(256, 512, 1)
    loader = [(torch.randn(4, 3, 64, 64), torch.arange(4)) for _ in range(2)]
    return model, torch.optim.SGD(model.parameters(), 0.01), loader


def test_patterns_in_pytorch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("best-pattern.json").write_bytes(PATTERN.read_bytes())
    (model, optimizer, loader), epochs = network(), 2
    before = [p.clone() for p in model.parameters()]

    import autodropout

    handle = autodropout.attach(model, autodropout.load("best-pattern.json"), seed=1)
    for epoch in range(epochs):
        for images, labels in loader:
            loss = cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            handle.step()  # in every epoch on

    assert handle.state_dict()["step"] == 4
    assert any(not torch.equal(a, b) for a, b in zip(before, model.parameters()))


def test_learned_patterns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("best-pattern.json").write_bytes(PATTERN.read_bytes())
    model, _, loader = network()

    handle = autodropout.attach(model, autodropout.load("best-pattern.json"))
    for images, labels in loader:
        ...  # a step of the optimizer, as ever
        handle.step()

    assert handle.state_dict()["step"] == 2


def test_search_with_your_own_trainer(monkeypatch):
    model, _, loader = network()
    for path in ("", str(PATTERN)):
        monkeypatch.setenv("AUTODROPOUT_PATTERN", path)
        monkeypatch.setenv("AUTODROPOUT_SEED", "7")

        import json, os, autodropout

        handle = None
        if os.environ["AUTODROPOUT_PATTERN"]:
            pattern = autodropout.load(os.environ["AUTODROPOUT_PATTERN"])
            handle = autodropout.attach(model, pattern, seed=int(os.environ["AUTODROPOUT_SEED"]))   # handle.step() after each step

        assert (handle is None) == (path == "")


def test_weights_from_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, _, _ = network()
    from safetensors.torch import save_file

    saved = {k: v + 1 for k, v in model.state_dict().items() if "num_batches_tracked" not in k}
    save_file(saved, "weights.safetensors")

    from safetensors.torch import load_file
    model.load_state_dict(load_file("weights.safetensors"), strict=False)  # num_batches_tracked is not in it

    assert all(torch.equal(v, saved[k]) for k, v in model.state_dict().items() if k in saved)
