"""Compares how many trials of a search the study does in an hour: ours, an older build's and PyTorch's.

usage: trials.py cifar|ptb --data DIR [flags]      (see README.md beside this file)

A trial is that of `-preset study`, a child on each core. The sides take turns: a search of ours at
random, the same by the sources that --before names, and as many processes of torch_trial.py as there are
children. Seconds are those of the log of the search; PyTorch's are without its start. CPU seconds are of a whole
search of ours, with a final training of one epoch, over its trials, and of PyTorch's processes with their imports.
Prints one JSON object a side.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=("cifar", "ptb"))
    parser.add_argument("--data", required=True, help="the folder of CIFAR-10's binary files or of the Penn Treebank's texts")
    parser.add_argument("--trials", type=int, default=4, help="of a search")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="children at the same time")
    parser.add_argument("--before", help="a checkout of an older commit, to be compared as well")
    parser.add_argument("--python", default=sys.executable, help="the Python that has PyTorch")
    return parser.parse_args()


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def search(args, binary, folder):
    """The seconds of the trials of a search, and the CPU seconds of all of it."""
    out, start = tempfile.mkdtemp(dir=folder), cpu()
    command = [binary, "-quiet", "-preset", "study", "-data", args.data, "-method", "random", "-seeds", "1", "-epochs", "1",
               "-trials", str(args.trials), "-finalists", "0", "-tune=false", "-workers", str(args.workers), "-in-flight", str(args.workers), "-out", out]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "GOMAXPROCS": str(args.workers)})
    with open(os.path.join(out, "random", "trials.jsonl")) as log:
        results = [json.loads(line).get("finished") for line in log]
    return [r["seconds"] for r in results if r], cpu() - start


def pytorch(args, layout):
    """The same of processes side by side."""
    seconds, used = [], 0
    for _ in range(0, args.trials, args.workers):
        command = [args.python, os.path.join(HERE, "torch_trial.py"), args.study, "--data", args.data, "--format", layout]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(args.workers)]
        for child in children:
            result = json.loads(child.communicate()[0])
            seconds.append(result["seconds"])
            used += result["cpu_s"]
    return seconds, used


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        sides = {}
        for name, root in ("ours", ROOT), ("before", args.before):
            if root:
                binary = os.path.join(folder, name + ".exe")
                subprocess.run(["go", "build", "-o", binary, f"./benchmarks/{args.study}"], cwd=root, check=True)
                sides[name] = lambda binary=binary: search(args, binary, folder)
        for layout in ("nchw", "nhwc") if args.study == "cifar" else ("nchw",):
            sides[f"pytorch {layout}"] = lambda layout=layout: pytorch(args, layout)
        seconds, used = {name: [] for name in sides}, {name: [] for name in sides}
        for turn in range(args.rounds):
            print(f"round {turn + 1} of {args.rounds}", file=sys.stderr)
            for name, side in sides.items():
                times, total = side()
                seconds[name] += times
                used[name].append(total / len(times))
        for name in sides:
            median = statistics.median(seconds[name])
            print(json.dumps({
                "study": args.study, "side": name, "workers": args.workers, "trials": len(seconds[name]),
                "seconds_a_trial": median, "trials_an_hour": 3600 * args.workers / median, "cpu_s_a_trial": statistics.median(used[name]),
                "ratio": median / statistics.median(seconds["ours"]),
            }))


if __name__ == "__main__":
    main()
