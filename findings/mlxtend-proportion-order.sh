#!/usr/bin/env bash
# mlxtend 0.25.0 (statsmodels 0.15.0 beside it).
#
# proportion_difference tests the null hypothesis that two classifiers have the same
# accuracy; its user guide rejects at 0.05 where z is beyond 1.96. The p-value that it
# returns is the normal CDF of z. So the 84 % and 92 % of the guide's own example, of
# 100 images each, differ with p = 0.04 (z is -1.75), and not at all, p = 0.96, when
# the better classifier comes first. Two accuracies far apart get p = 1 in that order,
# equal ones 0.5. The two-sided test of statsmodels, with the same variance, has one
# p-value in both orders.
#
# What follows: whoever compares two of our rows with it doubles the smaller of p and
# 1 - p. Our p-values are two-sided: benchmarks/internal/statistics gives the same one
# when the rows change places.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages mlxtend==0.25.0 statsmodels==0.15.0 numpy==2.4.6
cat > compare.py <<'PYTHON'
from mlxtend.evaluate import proportion_difference
from statsmodels.stats.proportion import test_proportions_2indep

print("right of 100: z, p of mlxtend, p of statsmodels")
for first, second in ((84, 92), (92, 84), (50, 92), (92, 50), (92, 92)):
    z, p = proportion_difference(first / 100, second / 100, n_1=100)
    two_sided = test_proportions_2indep(first, 100, second, 100, method="wald", correction=False).pvalue
    print(f"{first} and {second}: {z:.2f}, {p:.3f}, {two_sided:.3f}")
PYTHON
python compare.py 2>/dev/null | same 'right of 100: z, p of mlxtend, p of statsmodels
84 and 92: -1.75, 0.040, 0.079
92 and 84: 1.75, 0.960, 0.079
50 and 92: -7.38, 0.000, 0.000
92 and 50: 7.38, 1.000, 0.000
92 and 92: 0.00, 0.500, 1.000'
