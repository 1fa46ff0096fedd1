"""Times a training step in PyTorch: the one that `benchmarks/speed -run step` times.

A step is a forward pass in training mode, the cross-entropy, a backward pass,
and SGD with learning rate 0.1, Nesterov momentum 0.9 and weight decay 5e-4, on
the same random images each time. Prints one JSON object.
"""

import argparse
import json
import os
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from measuring import peak_rss_mb

FORMATS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}


class Block(nn.Module):
    """A residual block in the order BN-ReLU-conv-BN-ReLU-conv."""

    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.shortcut = None
        if channels_in != channels_out or stride != 1:
            self.shortcut = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)

    def forward(self, x):
        hidden = F.relu(self.bn1(x), inplace=True)
        if self.shortcut is not None:
            x = self.shortcut(hidden)
        hidden = F.relu(self.bn2(self.conv1(hidden)), inplace=True)
        return x + self.conv2(hidden)


class WideResNet(nn.Module):
    """WRN-depth-width for images of 32 x 32 pixels."""

    def __init__(self, depth, width, classes=10):
        super().__init__()
        blocks, channels = [], 16
        self.stem = nn.Conv2d(3, channels, 3, 1, 1, bias=False)
        for stage, base in enumerate((16, 32, 64)):
            for block in range((depth - 4) // 6):
                stride = 2 if stage > 0 and block == 0 else 1
                blocks.append(Block(channels, base * width, stride))
                channels = base * width
        self.blocks = nn.Sequential(*blocks)
        self.bn = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = F.relu(self.bn(self.blocks(self.stem(x))))
        return self.fc(x.mean((2, 3)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="wrn-D-K, such as wrn-28-10")
    parser.add_argument("--batch", type=int, help="images (default 64, and 16 from width 10 on)")
    parser.add_argument("--steps", type=int, default=5, help="to time, after two that are not")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--format", choices=FORMATS, default="nchw", help="of images in memory")
    args = parser.parse_args()
    try:
        family, depth, width = args.model.split("-")
        args.depth, args.width = int(depth), int(width)
    except ValueError:
        parser.error(f"there is no model {args.model!r}: take wrn-D-K")
    if family != "wrn" or args.depth < 10 or args.depth % 6 != 4 or args.width < 1:
        parser.error(f"there is no model {args.model!r}: take wrn-D-K with D = 10, 16, 22, ...")
    args.batch = args.batch or (16 if args.width >= 10 else 64)
    return args


def main():
    args = arguments()
    before = peak_rss_mb()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    memory_format = FORMATS[args.format]
    model = WideResNet(args.depth, args.width).to(memory_format=memory_format)
    images = torch.randn(args.batch, 3, 32, 32).contiguous(memory_format=memory_format)
    labels = torch.randint(0, 10, (args.batch,))
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def step():
        start = time.perf_counter()
        sgd.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        sgd.step()
        return time.perf_counter() - start

    for _ in range(2):
        step()
    seconds = statistics.median(step() for _ in range(args.steps))
    print(json.dumps({
        "name": f"step-{args.model}-b{args.batch}",
        "peer": f"PyTorch {torch.__version__} {args.format}",
        "threads": args.threads,
        "items_per_s": args.batch / seconds,
        "peak_rss_mb": peak_rss_mb(),
        "import_rss_mb": before,
    }))


if __name__ == "__main__":
    main()
