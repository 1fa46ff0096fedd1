"""Let benchmarks/external search with the program of optuna_search.py, at the same budgets.

Of each budget there is a run of its own: as many trials, then the 8 best 3 times again, and a
final training with what is chosen, which says what that is worth.

    go build -o runs/ ./benchmarks/search ./benchmarks/external
    runs/search -save runs/surrogate.json && runs/search -space >runs/space.json
    python3 benchmarks/search/peers/external_search.py --external runs/external --program "runs/search -answer runs/surrogate.json" --space runs/space.json
"""

import argparse
import json
import pathlib
import shlex
import statistics
import subprocess
import tempfile

FINALISTS, AGAIN = 8, 3


def search(args, seed, budget, rows):
    """Run one search with each row; return what the chosen points, and those of the last thirds of the trials, are worth."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "run")
        command = [args.external, "-space", args.space, "-trials", str(budget + FINALISTS * AGAIN), "-finalists", str(FINALISTS), "-method", ",".join(rows),
                   "-seed", str(seed), "-metric", "worth", "-quiet", "-out", str(out), "--", *shlex.split(args.program)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        chosen = {}
        for unit in (out / "units.jsonl").read_text().splitlines():
            unit = json.loads(unit)
            chosen[unit["method"]] = unit["value"]
        found = {}
        for row in rows:
            worth = {}
            for line in (out / row / "trials.jsonl").read_text().splitlines():
                if finished := json.loads(line).get("finished"):
                    worth[finished["trial"]] = finished["values"]["worth"]
            found[row] = chosen[row], statistics.mean(worth[i] for i in range(budget - budget // 3, budget))
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--external", required=True, help="the program benchmarks/external")
    parser.add_argument("--program", required=True, help="the program of a trial, and its arguments")
    parser.add_argument("--space", required=True, help="the file of the space, as benchmarks/search -space prints it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budgets", type=lambda text: [int(n) for n in text.split(",")], default=[40, 100, 300])
    parser.add_argument("--rows", type=lambda text: text.split(","), default=["random", "autodropout", "ppo", "evolution"])
    args = parser.parse_args()
    found = {n: [search(args, seed, n, args.rows) for seed in range(args.seeds)] for n in args.budgets}
    print(f"benchmarks/external, {args.seeds} searches of each kind; ± is the standard error")
    for row in args.rows:
        line = f"{row:12}"
        for n in args.budgets:
            line += f"  {n} trials: "
            for k, what in enumerate(("chosen", "last third")):
                values = [run[row][k] for run in found[n]]
                error = statistics.stdev(values) / len(values) ** 0.5
                line += f"{what} {statistics.mean(values):.4f} ± {error:.4f}{',' if k == 0 else ''} "
        print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
