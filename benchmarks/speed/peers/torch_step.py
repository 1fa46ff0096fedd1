"""Times a training step in PyTorch: the one that `benchmarks/speed -run step` times.

A step is a forward pass in training mode, the cross-entropy, a backward pass,
and an update, on the same random examples each time: SGD with learning rate 0.1,
Nesterov momentum 0.9 and weight decay 5e-4 for images, Adam for texts and sentence
pairs, plain SGD for recurrent models. Prints one JSON object.
"""

import argparse
import json
import os
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from fastnet import FASTNET_MODELS, FastNet
from measuring import peak_rss_mb
from recurrent import RECURRENT_MODELS, recurrent_model
from transformer import TRANSLATION_MODELS, Transformer
from transformerxl import LANGUAGE_MODELS, TransformerXL

PHOTOGRAPH_MODELS = {"resnet50-224": 224, "resnet50-160": 160, "efficientnet-b0-224": 224}
WORD_MODELS = LANGUAGE_MODELS | TRANSLATION_MODELS | RECURRENT_MODELS
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


def photograph_model(name):
    """A network of torchvision for a thousand classes, without dropout."""
    import torchvision  # only these models need it

    if name.startswith("resnet50"):
        return torchvision.models.resnet50()
    return torchvision.models.efficientnet_b0(dropout=0.0, stochastic_depth_prob=0.0)


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
    parser.add_argument("model", help="wrn-D-K, such as wrn-28-10, " + ", ".join([*PHOTOGRAPH_MODELS, *FASTNET_MODELS, *WORD_MODELS]))
    parser.add_argument("--batch", type=int, help="images, texts or sentence pairs (default 64, 16 from width 10 on, 1000 for fastnet, 20 for recurrent models, 10 for txl-ptb and 8 for the other texts and photographs)")
    parser.add_argument("--steps", type=int, default=5, help="to time, after two that are not")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--format", choices=FORMATS, default="nchw", help="of images in memory")
    args = parser.parse_args()
    if args.model in WORD_MODELS:
        args.batch = args.batch or WORD_MODELS[args.model]["batch"]
        return args
    if args.model in PHOTOGRAPH_MODELS:
        args.batch = args.batch or 8
        return args
    if args.model in FASTNET_MODELS:
        args.batch = args.batch or 1000
        return args
    try:
        family, depth, width = args.model.split("-")
        args.depth, args.width = int(depth), int(width)
    except ValueError:
        known = ", ".join([*PHOTOGRAPH_MODELS, *FASTNET_MODELS, *WORD_MODELS])
        parser.error(f"there is no model {args.model!r}: take wrn-D-K, {known}")
    if family != "wrn" or args.depth < 10 or args.depth % 6 != 4 or args.width < 1:
        parser.error(f"there is no model {args.model!r}: take wrn-D-K with D = 10, 16, 22, ...")
    args.batch = args.batch or (16 if args.width >= 10 else 64)
    return args


def image_model(args):
    """The loss of a model, its optimizer, and the number of items in a step."""
    memory_format = FORMATS[args.format]
    if args.model in PHOTOGRAPH_MODELS:
        model, size, classes = photograph_model(args.model), PHOTOGRAPH_MODELS[args.model], 1000
    elif args.model in FASTNET_MODELS:
        model, size, classes = FastNet(**FASTNET_MODELS[args.model]), 32, 10
        model.fit(torch.rand(100, 3, 8, 8))
    else:
        model, size, classes = WideResNet(args.depth, args.width), 32, 10
    model = model.to(memory_format=memory_format)
    images = torch.randn(args.batch, 3, size, size).contiguous(memory_format=memory_format)
    labels = torch.randint(0, classes, (args.batch,))
    sgd = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    return lambda: F.cross_entropy(model(images), labels), sgd, args.batch


def language_model(args):
    """The same for a Transformer-XL."""
    config = LANGUAGE_MODELS[args.model]
    model = TransformerXL(**config["sizes"])
    words, targets = torch.randint(0, config["sizes"]["vocab"], (2, args.batch, config["target"]))
    adam = torch.optim.Adam(model.parameters(), lr=3e-4)
    return lambda: model(words, targets), adam, words.numel()


def translation_model(args):
    """The same for a Transformer."""
    config = TRANSLATION_MODELS[args.model]
    model = Transformer(**config["sizes"])
    sources, inputs, targets = torch.randint(0, config["sizes"]["vocab"], (3, args.batch, config["length"]))
    adam = torch.optim.Adam(model.parameters(), lr=5e-4, betas=(0.9, 0.98))
    return lambda: model(sources, inputs, targets), adam, targets.numel()


def main():
    args = arguments()
    before = peak_rss_mb()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    make = recurrent_model if args.model in RECURRENT_MODELS else language_model if args.model in LANGUAGE_MODELS else translation_model if args.model in TRANSLATION_MODELS else image_model
    loss, optimizer, items = make(args)

    def step():
        start = time.perf_counter()
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        return time.perf_counter() - start

    for _ in range(2):
        step()
    seconds = statistics.median(step() for _ in range(args.steps))
    print(json.dumps({
        "name": f"step-{args.model}-b{args.batch}",
        "peer": f"PyTorch {torch.__version__}" + ("" if args.model in WORD_MODELS else f" {args.format}"),
        "threads": args.threads,
        "items_per_s": items / seconds,
        "peak_rss_mb": peak_rss_mb(),
        "import_rss_mb": before,
    }))


if __name__ == "__main__":
    main()
