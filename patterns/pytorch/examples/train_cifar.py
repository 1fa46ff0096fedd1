"""Trains a small ResNet on CIFAR-10 as a trial of a search: reads what the search
wrote, goes on from where the last attempt was stopped, and writes result.json.

    go run ./benchmarks/external -space convnet -stages 1,1,1 -trials 12 -budget 2 -- \\
        python patterns/pytorch/examples/train_cifar.py cifar-10-batches-bin

The folder holds the binary version. doc/external-protocol.md specifies the rest.
"""

import argparse
import json
import math
import os
import pathlib

import torch
import torchvision
from torch.nn.functional import cross_entropy

import autodropout


def read(path, limit):
    data = torch.frombuffer(bytearray(path.read_bytes()[: limit * 3073]), dtype=torch.uint8).view(-1, 3073)
    return (data[:, 1:].view(-1, 3, 32, 32) / 255 - 0.47) / 0.25, data[:, 0].long()


def write(name, data):
    """A stop at any moment leaves the file of before or the whole new one."""
    torch.save(data, name + ".tmp")
    os.replace(name + ".tmp", name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--train", type=int, default=4000)
    parser.add_argument("--valid", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.05)
    args = parser.parse_args()
    trial = json.loads(pathlib.Path("trial.json").read_text())
    torch.manual_seed(trial["seed"])
    images, labels = read(args.data / "data_batch_1.bin", args.train)
    valid, wanted = read(args.data / "data_batch_5.bin", args.valid)

    model = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=10)
    model.conv1, model.maxpool = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False), torch.nn.Identity()
    model.layer4, model.fc = torch.nn.Identity(), torch.nn.Linear(256, 10)
    epochs, steps = max(1, trial["budget"]), len(images) // args.batch
    optimizer = torch.optim.SGD(model.parameters(), args.rate, 0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * steps)
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    if os.path.exists("pattern.json"):
        parts["dropout"] = autodropout.attach(model, autodropout.load("pattern.json"), seed=trial["seed"], steps=epochs * steps)
    begin = 0
    if os.path.exists("checkpoint.pt"):
        saved = torch.load("checkpoint.pt")
        begin = saved.pop("epoch")
        for name, state in saved.items():
            parts[name].load_state_dict(state)

    for epoch in range(begin, epochs):
        model.train()
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(trial["seed"] + epoch))
        for batch in order[: steps * args.batch].view(steps, -1):
            loss = cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if "dropout" in parts:
                parts["dropout"].step()
        if not math.isfinite(loss.item()):
            return autodropout.answer(diverged=True)
        write("checkpoint.pt", {"epoch": epoch + 1, **{name: part.state_dict() for name, part in parts.items()}})
        print(f"epoch {epoch + 1} of {epochs}: loss {loss:.3f}", flush=True)

    model.eval()
    with torch.no_grad():
        right = torch.cat([model(x).argmax(1) for x in valid.split(500)]) == wanted
    accuracy = right.double().mean().item()
    autodropout.answer(accuracy, values={"error": 100 * (1 - accuracy)})


if __name__ == "__main__":
    main()
