#!/usr/bin/env bash
# scikit-optimize 0.10.2 and hyperopt 0.3.0.
#
# Four integers, 1 to 4, at random: "integers are sampled uniformly between the lower
# and upper bounds", says scikit-optimize. Its Optimizer with a random forest does so.
# With a Gaussian process it draws a number between 1 and 4 and rounds it, so that 1
# and 4 come half as often as 2 and 3. hyperopt's hp.uniformint rounds too; its
# hp.randint gives each the same share.
#
# What follows: whoever compares our search, which lists the values of a choice and
# draws each as often before it has learned, gives them to the others as choices too.
# doc/external.md says so.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages scikit-optimize==0.10.2 scikit-learn==1.9.1 hyperopt==0.3.0 numpy==2.4.6
cat > draw.py <<'PYTHON'
from collections import Counter

import numpy as np
from hyperopt import hp
from hyperopt.pyll import stochastic
from skopt import Optimizer

DRAWS = 2000


def show(name, draw):
    counts = Counter(draw() for _ in range(DRAWS))
    equal = all(abs(counts[k] - DRAWS / 4) < DRAWS / 25 for k in (1, 2, 3, 4))
    halves = all(abs(counts[k] - share * DRAWS / 6) < DRAWS / 25 for k, share in ((1, 1), (2, 2), (3, 2), (4, 1)))
    print(f"{name}: {'a quarter each' if equal else 'a sixth, a third, a third, a sixth' if halves else dict(counts)}")


for estimator in "RF", "GP":
    optimizer = Optimizer([(1, 4)], base_estimator=estimator, n_initial_points=DRAWS, random_state=0, acq_optimizer="sampling")

    def draw():
        point = optimizer.ask()
        optimizer.tell(point, 0.0, fit=False)
        return point[0]

    show(f"scikit-optimize {estimator}", draw)
for name, space in ("uniformint", hp.uniformint("x", 1, 4)), ("randint", hp.randint("x", 1, 5)):
    random = np.random.default_rng(0)
    show(f"hyperopt {name}", lambda: int(stochastic.sample(space, rng=random)))
PYTHON
python draw.py 2>/dev/null | same 'scikit-optimize RF: a quarter each
scikit-optimize GP: a sixth, a third, a third, a sixth
hyperopt uniformint: a sixth, a third, a third, a sixth
hyperopt randint: a quarter each'
