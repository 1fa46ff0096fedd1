#!/usr/bin/env bash
# optuna 5.0.0.
#
# An objective that returns infinity completes its trial; one that returns NaN
# fails it, and the number of trials asked for is not made up for. So two
# trainings that diverged alike count differently: the infinite one is a result
# that the sampler learns from, the other is none.
#
# What follows: whoever compares our search with Optuna's at an equal number of
# trials gives diverged trainings one finite worst value in both.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages optuna==5.0.0
cat > study.py <<'PYTHON'
import optuna

optuna.logging.set_verbosity(optuna.logging.CRITICAL)
values = [1.0, float("inf"), float("nan"), 2.0]
study = optuna.create_study()


def objective(trial):
    trial.suggest_float("x", 0, 1)
    return values[trial.number]


study.optimize(objective, n_trials=len(values))
for trial in study.trials:
    print(values[trial.number], trial.state.name, trial.value)
PYTHON
python study.py 2>/dev/null | same '1.0 COMPLETE 1.0
inf COMPLETE inf
nan FAIL None
2.0 COMPLETE 2.0'
