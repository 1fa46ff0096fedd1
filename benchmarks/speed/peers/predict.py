"""Compares predictions with PyTorch, eager and compiled: all take turns, several times.

usage: predict.py [flags]      (see README.md beside this file)

For each network, batches of 1 and 16 images, and callers that wait for single images. Prints a table of medians
to which the figures of every round are added, or one JSON object a run. The sides have the same threads and the
memory format that PyTorch is faster with.
"""

import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
MODELS = ("resnet50-224", "efficientnet-b0-224", "cnn-64")
STEPS = {"resnet50-224": (30, 7), "efficientnet-b0-224": (80, 12), "cnn-64": (2000, 200)}  # of ours, for batches of 1 and 16
ASKED = {"resnet50-224": 8, "efficientnet-b0-224": 25, "cnn-64": 500}  # images that each caller of ours asks for


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side")
    parser.add_argument("--seconds", type=float, default=2, help="that PyTorch is measured for in a run")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--clients", type=int, default=16, help="callers that wait for single images")
    parser.add_argument("--python", default=sys.executable, help="the Python that has PyTorch and torchvision")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out, which needs a C++ compiler")
    parser.add_argument("--json", action="store_true", help="print JSON lines, not a table")
    return parser.parse_args()


def run(command):
    """The JSON object that a command prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def sides(args, speed, model, batch, clients):
    """The commands of the sides, by their names."""
    steps = ASKED[model] if clients else STEPS[model][batch > 1]
    more = ["-clients", str(clients)] if clients else []
    ours = [speed, "-run", "predict", "-model", model, "-batch", str(batch), "-steps", str(steps), "-threads", str(args.threads), "-json"]
    peer = [args.python, os.path.join(HERE, "torch_predict.py"), model, "--batch", str(batch), "--seconds", str(args.seconds),
            "--threads", str(args.threads), "--clients", str(clients)]
    all_sides = {"ours": ours + more, "eager": peer}
    if not args.no_compile:
        all_sides["compiled"] = peer + ["--compile"]
    return all_sides


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        speed = os.path.join(folder, "speed")
        subprocess.run(["go", "build", "-o", speed, "./benchmarks/speed"], cwd=ROOT, check=True)
        cells = [(m, b, c) for m in args.models for b, c in ((1, 0), (16, 0), (16, args.clients))]
        found = collections.defaultdict(list)
        for i in range(args.rounds):
            for cell in cells:
                for side, command in sides(args, speed, *cell).items():
                    got = run(command)
                    found[cell, side].append(got)
                    if args.json:
                        print(json.dumps(got | {"side": side, "round": i}), flush=True)
    if args.json:
        return
    print(f"{'network':20} {'batch':>5} {'callers':>7} {'side':>9} {'images/s':>9} {'ours/it':>7} {'CPU ms':>7} {'p50 ms':>7} {'p99 ms':>7} {'MB':>5}  images/s of the rounds")
    for cell in cells:
        middle = lambda side, key: statistics.median(r.get(key, float("nan")) for r in found[cell, side])
        for side in ("ours", "eager", "compiled"):
            if not found[cell, side]:
                continue
            number = lambda key, digits: f"{middle(side, key):.{digits}f}" if key in found[cell, side][0] else "-"
            print(f"{cell[0]:20} {cell[1]:5} {cell[2] or '-':>7} {side:>9} {number('items_per_s', 1):>9} "
                  f"{middle('ours', 'items_per_s') / middle(side, 'items_per_s'):7.2f} {number('cpu_ms', 2):>7} {number('p50_ms', 1):>7} "
                  f"{number('p99_ms', 1):>7} {number('peak_rss_mb', 0):>5}  " + " ".join(f"{r['items_per_s']:.1f}" for r in found[cell, side]))


if __name__ == "__main__":
    main()
