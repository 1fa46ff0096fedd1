# Weights & Biases; `wandb sync` sends what is in ./wandb, if one wants that.
import csv, pathlib, sys, tomllib, wandb

run = pathlib.Path(sys.argv[1])
for log in sorted((run / "logs").glob("*.csv")):
    settings = tomllib.loads((run / "config.toml").read_text())
    with wandb.init(project="autodropout", name=log.stem, config=settings, mode="offline") as w:
        for line in csv.DictReader(log.open()):
            step = int(line.pop("step"))
            w.log({k: float(v) for k, v in line.items() if v}, step=step)
