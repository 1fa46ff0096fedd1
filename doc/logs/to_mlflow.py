# MLflow. Its folder of files, ./mlruns, is refused since version 3: take a database.
import csv, pathlib, sys, tomllib, mlflow

run = pathlib.Path(sys.argv[1])
mlflow.set_tracking_uri("sqlite:///mlflow.db")
for log in sorted((run / "logs").glob("*.csv")):
    with mlflow.start_run(run_name=log.stem):
        mlflow.log_params(tomllib.loads((run / "config.toml").read_text()))
        for line in csv.DictReader(log.open()):
            step = int(line.pop("step"))
            mlflow.log_metrics({k: float(v) for k, v in line.items() if v}, step=step)
