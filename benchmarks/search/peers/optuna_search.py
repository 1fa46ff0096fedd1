"""Let Optuna search with a program that speaks the protocol of doc/external-protocol.md.

The program is the committed surrogate, benchmarks/search -answer. Optuna's TPE and its
random sampler have the same trials as benchmarks/search gives ours: after each budget
the 8 best trials are tried 3 times again, and what is chosen is the best mean.

    go build -o runs/search ./benchmarks/search
    runs/search -save runs/surrogate.json && runs/search -space >runs/space.json
    pip install optuna
    python3 benchmarks/search/peers/optuna_search.py --program "runs/search -answer runs/surrogate.json" --space runs/space.json
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import tempfile

import optuna

FINALISTS, AGAIN = 8, 3


def evaluate(command, groups, seed):
    """Run the program of one trial and return its reward and what is behind it."""
    with tempfile.TemporaryDirectory() as folder:
        choices = pathlib.Path(folder, "choices.json")
        choices.write_text(json.dumps({"version": 1, "groups": groups}))
        trial = {"version": 1, "kind": "trial", "row": "optuna", "index": 0, "seed": seed, "budget": 0, "attempt": 1}
        pathlib.Path(folder, "trial.json").write_text(json.dumps(trial))
        environment = dict(os.environ, AUTODROPOUT_PROTOCOL="1", AUTODROPOUT_FOLDER=folder, AUTODROPOUT_SEED=str(seed),
                           AUTODROPOUT_CHOICES=str(choices), AUTODROPOUT_PATTERN="")
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        result = pathlib.Path(folder, "result.json")
        answer = json.loads(result.read_text() if result.exists() else run.stdout.strip().splitlines()[-1])
        return answer["reward"], answer["values"]["worth"]


def search(command, space, sampler, seed, budgets):
    """Return, for each budget, what the chosen point and those of the last third are worth."""
    study = optuna.create_study(direction="maximize", sampler=sampler)
    tried = []
    for index in range(max(budgets)):
        trial = study.ask()
        groups = [{t["name"]: trial.suggest_categorical(f"{t['name']}.{g}", t["values"]) for t in space["tokens"]}
                  for g in range(space["groups"])]
        reward, worth = evaluate(command, groups, 1_000_000 * (seed + 1) + index)
        study.tell(trial, reward)
        tried.append((reward, worth, groups))
    found = []
    for n in budgets:
        order = sorted(tried[:n], key=lambda t: -t[0])[:FINALISTS]
        best = max(order, key=lambda t: t[0] + sum(
            evaluate(command, t[2], 1_000_000 * (seed + 1) + 10_000 + 100 * order.index(t) + j)[0] for j in range(AGAIN)))
        found.append((best[1], statistics.mean(t[1] for t in tried[n - n // 3:n])))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="the program of a trial, and its arguments")
    parser.add_argument("--space", required=True, help="the file of the space, as benchmarks/search -space prints it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budgets", type=lambda text: [int(n) for n in text.split(",")], default=[40, 100, 300])
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = json.loads(pathlib.Path(args.space).read_text())
    print(f"optuna {optuna.__version__}, {args.seeds} searches of each kind; ± is the standard error")
    samplers = {"random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
                "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed)}
    for name, sampler in samplers.items():
        runs = [search(shlex.split(args.program), space, sampler(seed), seed, args.budgets) for seed in range(args.seeds)]
        line = f"{name:10}"
        for i, n in enumerate(args.budgets):
            line += f"  {n} trials: "
            for k, what in enumerate(("chosen", "last third")):
                values = [run[i][k] for run in runs]
                error = statistics.stdev(values) / len(values) ** 0.5
                line += f"{what} {statistics.mean(values):.4f} ± {error:.4f}{',' if k == 0 else ''} "
        print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
