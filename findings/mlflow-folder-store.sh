#!/usr/bin/env bash
# mlflow-skinny 3.17.2.
#
# A folder of files, MLflow's default store for years and still what file: names,
# starts no run any more: start_run raises an exception that calls the store to be in
# maintenance mode. A database does, with two packages more.
#
# What follows: the script in doc/logs.md, which takes our runs into MLflow, names a
# database.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages mlflow-skinny==3.17.2 sqlalchemy alembic
cat > track.py <<'PYTHON'
import mlflow

for store in ("file:./mlruns", "sqlite:///mlflow.db"):
    mlflow.set_tracking_uri(store)
    try:
        with mlflow.start_run():
            mlflow.log_metric("loss", 1)
        print(store, "logged")
    except mlflow.exceptions.MlflowException as error:
        print(store, type(error).__name__, "maintenance mode" in str(error))
PYTHON
python track.py 2>/dev/null | same 'file:./mlruns MlflowException True
sqlite:///mlflow.db logged'
