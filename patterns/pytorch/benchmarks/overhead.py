"""Times training steps of torchvision's ResNet-18 without and with a pattern, in
turns, and prints their medians and the median of the ratios.

usage: overhead.py [--pixels 64] [--batch 64] [--threads 2] [--turns 10] [--channels-last] [--cpu]

With --cpu it is the processors' time, of all threads, that is measured, and not the clock's:
on a machine that has other things to do.
"""

import argparse
import statistics
import time

import torch
import torchvision

import autodropout

# Each channel has a place of its own, the maps are rotated and sheared, and the
# shortcuts drop too: all that costs time.
BLOCK = autodropout.Block(size=0.25, stride=0.25, repeat=2, rotate=30, shear_x=0.1, shear_y=0.1, share_c=False, residual=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pixels", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    args = parser.parse_args()
    now = time.process_time if args.cpu else time.perf_counter
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = torchvision.models.resnet18()
    images, labels = torch.randn(args.batch, 3, args.pixels, args.pixels), torch.randint(0, 1000, (args.batch,))
    if args.channels_last:
        model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9)
    rows = {
        "no pattern": None,
        "pattern": BLOCK,
        "share_c": autodropout.Block(**{**vars(BLOCK), "share_c": True}),
    }

    def seconds(row):
        handle = row and autodropout.attach(model, autodropout.Pattern(stages=((row,),) * 4))
        start = now()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad()
        if handle:
            handle.step()
        taken = now() - start
        if handle:
            handle.detach()
        return taken

    for row in rows.values():  # warm up
        seconds(row)
    times = {name: [] for name in rows}
    for _ in range(args.turns):
        for name, row in rows.items():
            times[name].append(seconds(row))
    layout = "channels last" if args.channels_last else "contiguous"
    print(f"torch {torch.__version__}, {args.batch} images of {args.pixels}x{args.pixels}, {layout}, {args.threads} threads, {args.turns} turns, {'processor' if args.cpu else 'wall'} time")
    for name, t in times.items():
        over = statistics.median(a / b - 1 for a, b in zip(t, times["no pattern"]))
        print(f"{name:12} {1000 * statistics.median(t):7.1f} ms  {100 * over:+5.1f} %   [{' '.join(f'{1000 * s:.0f}' for s in t)}]")


if __name__ == "__main__":
    main()
