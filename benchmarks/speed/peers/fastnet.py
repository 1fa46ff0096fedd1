"""The recipe of `cifar -preset fast` in PyTorch, from the first step to the accuracy.

usage: fastnet.py DIR [--epochs 10] [--steps N] [--threads N] [--large]

DIR has CIFAR-10's binary files. The network, its first layer, the optimizer, the schedule,
the look-ahead, flips, shifts and predictions are those of benchmarks/cifar/fast.go; only
random numbers differ. --steps ends earlier, --large is `-preset fast96`, with the small
network that chooses the images to train on. Prints losses, the time of a step, and the
accuracy as JSON lines.
"""

import argparse
import json
import math
import os
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

FASTNET_MODELS = {"fastnet": dict(widths=(64, 256, 256), residual=False), "fastnet-96": dict(widths=(128, 384, 512), residual=True)}


def convolution(channels_in, channels_out):
    layer = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
    nn.init.dirac_(layer.weight.data[: min(channels_in, channels_out)])
    return layer


def normalisation(channels, momentum):
    layer = nn.BatchNorm2d(channels, eps=1e-12, momentum=momentum)
    layer.weight.requires_grad_(False)
    return layer


class Block(nn.Module):
    def __init__(self, channels_in, channels_out, residual):
        super().__init__()
        momentum = 0.1 if residual else 0.4
        self.conv1, self.norm1 = convolution(channels_in, channels_out), normalisation(channels_out, momentum)
        self.conv2, self.norm2 = convolution(channels_out, channels_out), normalisation(channels_out, momentum)
        if residual:
            self.conv3, self.norm3 = convolution(channels_out, channels_out), normalisation(channels_out, momentum)
        self.residual = residual

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        y = self.norm2(self.conv2(x))
        if self.residual:
            y = self.norm3(self.conv3(F.gelu(y))) + x
        return F.gelu(y)


class FastNet(nn.Module):
    def __init__(self, widths, residual, classes=10):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad_(False)
        nn.init.zeros_(self.whiten.bias)
        self.blocks = nn.Sequential(*(Block(a, b, residual) for a, b in zip((24, *widths), widths)))
        self.head = nn.Linear(widths[-1], classes, bias=False)

    def forward(self, x):
        x = self.blocks(F.gelu(self.whiten(x)))
        return self.head(x.amax((2, 3))) / 9

    @torch.no_grad()
    def fit(self, images):
        """Sets the first layer from the patches of images."""
        patches = images.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12).double()
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        kernels = (vectors.T / (values[:, None] + 5e-4).sqrt()).flip(0).float().view(12, 3, 2, 2)
        self.whiten.weight.copy_(torch.cat([kernels, -kernels]))


def read(folder, names):
    """Images (N, 3, 32, 32), normalised as the training images are, and labels."""
    rows = torch.cat([torch.frombuffer(bytearray(open(os.path.join(folder, n), "rb").read()), dtype=torch.uint8).view(-1, 3073) for n in names])
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    images = (rows[:, 1:].view(-1, 3, 32, 32) / 255 - mean[:, None, None]) / std[:, None, None]
    return images, rows[:, 0].long()


def shifted(images, most):
    """Images that are shifted at random by at most so many pixels."""
    padded = F.pad(images, (most,) * 4, mode="reflect")
    moves = torch.randint(0, 2 * most + 1, (len(images), 2))
    out = torch.empty_like(images)
    for down in range(2 * most + 1):
        for right in range(2 * most + 1):
            at = ((moves[:, 0] == down) & (moves[:, 1] == right)).nonzero()[:, 0]
            out[at] = padded[at, :, down : down + 32, right : right + 32]
    return out


def cut(images, size):
    """Images with a square at a random place inside blank."""
    y, x = torch.arange(32)[:, None], torch.arange(32)[None, :]
    top, left = (torch.randint(0, 33 - size, (len(images), 1, 1)) for _ in range(2))
    inside = (y >= top) & (y < top + size) & (x >= left) & (x < left + size)
    return images.masked_fill(inside[:, None], 0)


@torch.no_grad()
def accuracy(model, images, labels):
    model.eval()

    def flips(x):
        return 0.5 * model(x) + 0.5 * model(x.flip(-1))

    right = 0
    for x, y in zip(images.split(500), labels.split(500)):
        padded = F.pad(x, (1,) * 4, mode="reflect")
        scores = 0.5 * flips(x) + 0.25 * (flips(padded[:, :, :32, :32]) + flips(padded[:, :, 2:, 2:]))
        right += (scores.argmax(1) == y).sum().item()
    return right / len(labels)


def sgd(model, rate, decay, factor):
    biases = [p for k, p in model.named_parameters() if "norm" in k and p.requires_grad]
    others = [p for k, p in model.named_parameters() if "norm" not in k and p.requires_grad]
    groups = [dict(params=biases, weight_decay=decay / factor), dict(params=others, weight_decay=decay)]
    return torch.optim.SGD(groups, lr=rate, momentum=0.85, nesterov=True)


def learn(model, optimizer, loss, rate, factor):
    optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"] = factor * rate, rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--large", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    epochs = args.epochs or (55 if args.large else 10)
    peak, decay, most, hole = (0.573, 0.00267, 4, 12) if args.large else (1.465, 0.00133, 2, 0)
    rising, last = (0.1, 0) if args.large else (0.23, 0.07)
    batch, kept, every, factor = 1000, 500, 4, 64
    images, labels = read(args.folder, [f"data_batch_{i}.bin" for i in range(1, 6)])
    model = FastNet(**FASTNET_MODELS["fastnet-96" if args.large else "fastnet"]).to(memory_format=torch.channels_last)
    model.fit(images[:5000])
    optimizer = sgd(model, peak, decay, factor)
    if args.large:
        proxy = FastNet((32, 64, 64), False).to(memory_format=torch.channels_last)
        proxy.fit(images[:5000])
        proxy_optimizer = sgd(proxy, peak, decay, factor)
    each = len(images) // batch
    total, top = epochs * each, int(rising * epochs * each)
    slow = {k: v.clone() for k, v in model.state_dict().items() if v.is_floating_point()}
    mirrored, seconds, began = torch.rand(len(images)) < 0.5, [], time.perf_counter()
    for step in range(min(total, args.steps or total)):
        at = time.perf_counter()
        epoch = step // each
        if step % each == 0:
            order = torch.randperm(len(images))
        index = order[step % each * batch :][:batch]
        x = images[index]
        x = torch.where((mirrored[index] ^ (epoch % 2 == 1))[:, None, None, None], x.flip(-1), x)
        x = shifted(x, most)
        if hole:
            x = cut(x, hole)
        x, y = x.contiguous(memory_format=torch.channels_last), labels[index]
        model.train()
        model.whiten.bias.requires_grad_(epoch < 3)
        rate = peak * (0.2 + 0.8 * step / top if step < top else 1 + (last - 1) * (step - top) / (total - top))
        if args.large:
            proxy.whiten.bias.requires_grad_(epoch < 3)
            with torch.set_grad_enabled(step % every == 0):
                losses = F.cross_entropy(proxy(x), y, label_smoothing=0.2, reduction="none")
            hardest = losses.argsort(descending=True)[:kept]
            if step % every == 0:
                learn(proxy, proxy_optimizer, losses[hardest].mean(), rate, factor)
            x, y = x[hardest], y[hardest]
        loss = F.cross_entropy(model(x), y, label_smoothing=0.2)
        learn(model, optimizer, loss, rate, factor)
        if step % 5 == 4:
            keep = 0.95**5 * ((step + 1) / total) ** 3
            with torch.no_grad():
                for k, v in model.state_dict().items():
                    if k in slow:
                        slow[k].lerp_(v, 1 - keep)
                        v.copy_(slow[k])
        if not math.isfinite(loss.item()):
            raise SystemExit(f"fastnet.py: the loss of step {step} is {loss.item()}")
        seconds.append(time.perf_counter() - at)
        if step % 10 == 9:
            print(json.dumps({"step": step + 1, "loss": loss.item(), "seconds": time.perf_counter() - began}), flush=True)
    model.load_state_dict(slow, strict=False)
    test, truth = read(args.folder, ["test_batch.bin"])
    print(json.dumps({"accuracy": accuracy(model, test, truth), "steps": len(seconds), "step_s": statistics.median(seconds), "cpu_s": time.process_time(), "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
