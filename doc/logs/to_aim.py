# Aim, in a folder where `aim init` was called. (`aim convert tensorboard` wants TensorFlow installed.)
import csv, pathlib, sys, tomllib, aim

run = pathlib.Path(sys.argv[1])
for log in sorted((run / "logs").glob("*.csv")):
    r = aim.Run(experiment=log.stem, system_tracking_interval=None)
    r["settings"] = tomllib.loads((run / "config.toml").read_text())
    for line in csv.DictReader(log.open()):
        step = int(line.pop("step"))
        for name, value in line.items():
            if value:
                r.track(float(value), name=name, step=step)
    r.close()
