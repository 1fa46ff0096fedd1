"""Trains one trial of the study in PyTorch: `cifar` or `ptb`, as `-preset study` has it.

cifar: WRN-10-1, 2,000 images, 20 epochs of batches of 50, SGD, then the accuracy on 5,000
others. ptb: Transformer-XL-2-64 with an adaptive softmax, 100,000 words, 8 epochs of 10 texts of
64 words with a memory of as many, Adam, then the loss on the validation text. Nothing is dropped
but what the model drops anyway: masks of a pattern would take more time. One thread. Prints one
JSON object.
"""

import argparse
import json
import math
import os
import resource
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from torch_step import FORMATS, WideResNet
from transformerxl import TransformerXL

WORDS, CUTOFFS = 10000, [1000, 4000]


def images(data):
    """Images (N, 3, 32, 32) and labels of the first two training files."""
    raw = np.concatenate([np.fromfile(os.path.join(data, f"data_batch_{i}.bin"), np.uint8) for i in (1, 2)]).reshape(-1, 3073)
    pixels = torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    mean, deviation = pixels[:2000].mean((0, 2, 3), keepdim=True), pixels[:2000].std((0, 2, 3), keepdim=True)
    return (pixels - mean) / deviation, torch.from_numpy(raw[:, 0].astype(np.int64))


def train_images(data, epochs, memory_format):
    x, labels = images(data)
    x = x.contiguous(memory_format=memory_format)
    model = WideResNet(10, 1).to(memory_format=memory_format)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, epochs * 40)
    for _ in range(epochs):
        for batch in torch.randperm(2000).split(50):
            sgd.zero_grad()
            F.cross_entropy(model(x[batch]), labels[batch]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5)
            sgd.step()
            schedule.step()
    model.eval()
    with torch.inference_mode():
        right = sum((model(x[part]).argmax(1) == labels[part]).sum().item() for part in torch.arange(2000, 7000).split(250))
    return right / 5000


class SmallTransformerXL(TransformerXL):
    def __init__(self):
        super().__init__(vocab=WORDS, layers=2, width=64, heads=4, inner=128, memory=64)
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(64, WORDS, CUTOFFS, div_value=4)

    def loss(self, hidden, targets):
        return self.softmax(hidden, targets).loss


def text(path, words, numbers):
    with open(path) as file:
        read = file.read().replace("\n", " <eos> ").split()
    return torch.tensor([numbers.setdefault(word, len(numbers)) % WORDS for word in read[:words]])


def train_words(data, epochs):
    numbers = {}
    train = text(os.path.join(data, "ptb.train.txt"), 100000, numbers)
    valid = text(os.path.join(data, "ptb.valid.txt"), None, numbers)
    model = SmallTransformerXL()
    adam = torch.optim.Adam(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs * 156)

    def segments(words):
        rows = words[: len(words) // 10 * 10].view(10, -1)
        model.memories = None
        for at in range(0, rows.size(1) - 64, 64):
            yield rows[:, at : at + 64], rows[:, at + 1 : at + 65]

    for _ in range(epochs):
        for inputs, targets in segments(train):
            adam.zero_grad()
            model(inputs, targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            adam.step()
            schedule.step()
    model.eval()
    with torch.inference_mode():
        losses = [model(inputs, targets).item() for inputs, targets in segments(valid)]
    return math.exp(sum(losses) / len(losses))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=("cifar", "ptb"))
    parser.add_argument("--data", required=True, help="the folder of CIFAR-10's binary files or of the Penn Treebank's texts")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--format", choices=FORMATS, default="nchw", help="of images in memory")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    start = time.perf_counter()
    if args.study == "cifar":
        result = train_images(args.data, args.epochs or 20, FORMATS[args.format])
    else:
        result = train_words(args.data, args.epochs or 8)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": time.perf_counter() - start, "cpu_s": used.ru_utime + used.ru_stime, "result": result}))


if __name__ == "__main__":
    main()
