"""Times predictions in PyTorch: those that `benchmarks/speed -run predict` times.

A prediction is a forward pass in evaluation mode, without gradients, on the same random images each
time. Prints one JSON object.
"""

import argparse
import json
import os
import statistics
import time

import torch
import torch.nn as nn

from measuring import peak_rss_mb

FORMATS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}


def small_net():
    stages, channels = [], 3
    for out in (16, 32, 64, 128):
        stages += [nn.Conv2d(channels, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
        channels = out
    return nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


def make(name):
    if name == "cnn-64":
        return small_net(), 64
    import torchvision  # only these models need it

    model = torchvision.models.resnet50 if name == "resnet50-224" else torchvision.models.efficientnet_b0
    return model(), 224


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=("resnet50-224", "efficientnet-b0-224", "cnn-64"))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2, help="to measure for, after two predictions that are not")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--format", choices=FORMATS, default="nhwc", help="of images in memory")
    parser.add_argument("--compile", action="store_true", help="with torch.compile")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    model, size = make(args.model)
    model = model.eval().to(memory_format=FORMATS[args.format])
    images = torch.randn(args.batch, 3, size, size).contiguous(memory_format=FORMATS[args.format])
    if args.compile:
        model = torch.compile(model)
    times = []
    with torch.inference_mode():
        for _ in range(2):
            model(images)
        end = time.perf_counter() + args.seconds
        while len(times) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            model(images)
            times.append(time.perf_counter() - start)
    print(json.dumps({
        "name": f"predict-{args.model}-b{args.batch}",
        "peer": f"PyTorch {torch.__version__} {args.format}" + (" compiled" if args.compile else ""),
        "threads": args.threads,
        "items_per_s": args.batch / statistics.median(times),
        "peak_rss_mb": peak_rss_mb(),
    }))


if __name__ == "__main__":
    main()
