"""Compares `benchmarks/speed` with a peer: both run in turns, several times.

usage: compare.py gemm|conv|step|threads [flags]      (see README.md beside this file)

gemm     sgemm against OpenBLAS
conv     convolutions against PyTorch in both memory formats
step     training steps against PyTorch, in both memory formats where there are images
threads  products, convolutions and steps on all threads against one

Prints a table of medians, or one JSON object a line. Needs nothing but Python;
what the peers need is installed for the Python that --python names.
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
FORMATS = ("nchw", "nhwc")
# What keeps ours, PyTorch with its oneDNN and MKL, and OpenBLAS at AVX2.
AVX2 = {
    "AUTODROPOUT_SIMD": "avx2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
WORD_MODELS = ("txl-ptb", "txl-wt2", "mt-iwslt", "lstm-512", "lstm-ptb")
MODELS = ("wrn-28-2", "wrn-16-4", "wrn-28-10", "resnet50-224", "resnet50-160", "efficientnet-b0-224", "fastnet") + WORD_MODELS


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("gemm", "conv", "step", "threads"))
    parser.add_argument("--models", nargs="+", default=MODELS, help="models of speed -run step, several with spaces between them")
    parser.add_argument("--batch", type=int, help="images or texts (default 16 for convolutions; for steps that of speed -run step)")
    parser.add_argument("--steps", type=int, default=5, help="training steps a run")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side")
    parser.add_argument("--python", default=sys.executable, help="the Python that has the peer")
    parser.add_argument("--library", help="the file of an OpenBLAS")
    parser.add_argument("--avx2", action="store_true", help="keep both sides from AVX-512")
    parser.add_argument("--json", action="store_true", help="print JSON lines, not a table")
    args = parser.parse_args()
    if args.rounds < 1 or args.steps < 1 or args.threads < 1 or (args.batch or 1) < 1:
        parser.error("--batch, --steps, --threads and --rounds take whole numbers of at least 1")
    if args.what == "threads" and args.threads == 1:
        parser.error("threads compares --threads with one: take at least 2")
    return args


def run(command, text=None):
    """The JSON lines that a command prints."""
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"compare.py: {' '.join(command)} failed with exit code {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Sides:
    """The two sides of a comparison, which take turns."""

    def __init__(self, args, binary):
        self.args, self.binary = args, binary

    def speed(self, *flags, threads=None):
        return run([self.binary, "-json", "-threads", str(threads or self.args.threads), *flags])

    def batch(self, flag):
        return [flag, str(self.args.batch)] if self.args.batch else []

    def steps(self, model):
        return ["-run", "step", "-model", model, "-steps", str(self.args.steps), *self.batch("-batch")]

    def peer(self, script, *flags, text=None):
        threads = ["--threads", str(self.args.threads)]
        return run([self.args.python, os.path.join(HERE, script), *threads, *flags], text)

    def gemm(self):
        ours = self.speed("-run", "gemm")
        flags = ["--library", self.args.library] if self.args.library else []
        shapes = "\n".join(json.dumps(line) for line in ours)
        return ours, self.peer("openblas_gemm.py", "-", *flags, text=shapes)

    def conv(self):
        ours, theirs = [], []
        for layout in FORMATS:
            lines = self.speed("-run", "conv", *self.batch("-batch"))
            shapes = "\n".join(json.dumps(line) for line in lines)
            ours += lines
            theirs += self.peer("torch_conv.py", "-", "--format", layout, text=shapes)
        return ours, theirs

    def step(self):
        ours, theirs = [], []
        for model in self.args.models:
            for layout in FORMATS[:1] if model in WORD_MODELS else FORMATS:
                ours += self.speed(*self.steps(model))
                theirs += self.peer("torch_step.py", model, "--format", layout, "--steps", str(self.args.steps), *self.batch("--batch"))
        return ours, theirs

    def threads(self):
        parts = [["-run", "gemm"], ["-run", "conv", *self.batch("-batch")], *map(self.steps, self.args.models)]
        sides = [], []
        for flags in parts:
            for side, threads in zip(sides, (self.args.threads, 1)):
                side += ({**line, "peer": "one thread"} for line in self.speed(*flags, threads=threads))
        return sides


def medians(lines):
    """The medians of every number of the lines of one name."""
    numbers = collections.defaultdict(list)
    for line in lines:
        for key, value in line.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                numbers[key].append(value)
    return {key: statistics.median(values) for key, values in numbers.items()}


def grouped(lines, *keys):
    groups = collections.defaultdict(list)
    for line in lines:
        groups[tuple(line[key] for key in keys)].append(line)
    return {key: medians(group) for key, group in groups.items()}


def comparisons(what, rounds, ours, theirs):
    """One dictionary for every name: medians of both sides and their ratios."""
    mine, peers = grouped(ours, "name"), grouped(theirs, "name", "peer")
    for (name,), own in mine.items():
        candidates = {peer: numbers for (other, peer), numbers in peers.items() if other == name}
        unit = "items_per_s" if what == "step" else "gflops"
        best = max(candidates, key=lambda peer: candidates[peer][unit])
        row = {
            "name": name, "peer": best, "unit": unit, "rounds": rounds,
            "ours": own[unit], "theirs": candidates[best][unit],
            "ratio": own[unit] / candidates[best][unit],
            "fraction": own["fraction"], "ceiling_gflops": own["ceiling_gflops"], "threads": int(own["threads"]),
        }
        if len(candidates) > 1:
            row["peers"] = {peer: numbers[unit] for peer, numbers in candidates.items()}
        if what == "threads":
            row["ceilings_ratio"] = own["ceiling_gflops"] / candidates[best]["ceiling_gflops"]
            row["of_ceilings_ratio"] = row["ratio"] / row["ceilings_ratio"]
        if what == "step":
            # The peer's better format each time: one may be faster, the other smaller.
            smallest = min(candidates.values(), key=lambda numbers: numbers["peak_rss_mb"])
            row["peak_rss_mb"] = own["peak_rss_mb"]
            row["their_peak_rss_mb"], row["their_import_rss_mb"] = smallest["peak_rss_mb"], smallest["import_rss_mb"]
            row["memory_ratio"] = row["peak_rss_mb"] / row["their_peak_rss_mb"]
        yield row


COLUMNS = (
    ("name", "name", "{}"),
    ("peer", "peer", "{}"),
    ("unit", "unit", "{}"),
    ("ours", "ours", "{:.2f}"),
    ("theirs", "theirs", "{:.2f}"),
    ("ratio", "ratio", "{:.3f}"),
    ("fraction", "of ceiling", "{:.1%}"),
    ("of_ceilings_ratio", "of the ceilings' ratio", "{:.1%}"),
    ("peak_rss_mb", "MB", "{:.0f}"),
    ("their_peak_rss_mb", "their MB", "{:.0f}"),
    ("their_import_rss_mb", "their MB at import", "{:.0f}"),
    ("memory_ratio", "memory ratio", "{:.3f}"),
)


def table(rows):
    columns = [column for column in COLUMNS if column[0] in rows[0]]
    cells = [[title for _, title, _ in columns]]
    cells += [[form.format(row[key]) for key, _, form in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        padded = (cell.ljust(width) if i < 3 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths)))
        print("  ".join(padded).rstrip())


def main():
    args = arguments()
    if args.avx2:
        os.environ.update(AVX2)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "speed.exe")
        subprocess.run(["go", "build", "-o", binary, "./benchmarks/speed"], cwd=ROOT, check=True)
        sides = Sides(args, binary)
        for turn in range(args.rounds):
            print(f"round {turn + 1} of {args.rounds}", file=sys.stderr)
            own, peer = getattr(sides, args.what)()
            ours += own
            theirs += peer
    rows = list(comparisons(args.what, args.rounds, ours, theirs))
    if args.json:
        for row in rows:
            print(json.dumps(row))
    else:
        table(rows)


if __name__ == "__main__":
    main()
