#!/usr/bin/env bash
# keras 3.15.1, backends jax (0.10.2) and numpy (2.4.6).
#
# SparseTopKCategoricalAccuracy "computes how often integer targets are in the top K
# predictions". It counts every class that is as probable as the k-th, with k = 1 too,
# where SparseCategoricalAccuracy takes one class. So a network that gives ten classes
# the same probability has a top-1 and a top-5 accuracy of 100 %. One that is always
# sure of a wrong class, so that the others are exactly 0, has a top-5 accuracy of
# 100 % as well. One that has diverged to NaN has 100 % with jax and 0 % with numpy.
#
# What follows: a trainer that answers our search with such an accuracy rewards
# diverged trainings most. doc/external.md says to look at the loss.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat > accuracy.py <<'PYTHON'
import keras
import numpy as np

classes = np.arange(10)
predictions = {
    "right": np.eye(10),
    "equal": np.full((10, 10), 0.1),
    "surely wrong": np.eye(10)[(classes + 1) % 10],
    "NaN": np.full((10, 10), np.nan),
}
for name, values in predictions.items():
    accuracies = []
    for metric in (keras.metrics.SparseCategoricalAccuracy(), keras.metrics.SparseTopKCategoricalAccuracy(k=1), keras.metrics.SparseTopKCategoricalAccuracy(k=5)):
        metric.update_state(classes, values.astype("float32"))
        accuracies.append(f"{float(metric.result()):.0%}")
    print(f"{keras.backend.backend()}, {name}: accuracy {accuracies[0]}, top 1 {accuracies[1]}, top 5 {accuracies[2]}")
PYTHON
for backend in jax numpy; do KERAS_BACKEND=$backend KERAS_HOME="$folder/keras" JAX_PLATFORMS=cpu python accuracy.py 2>/dev/null; done | same 'jax, right: accuracy 100%, top 1 100%, top 5 100%
jax, equal: accuracy 10%, top 1 100%, top 5 100%
jax, surely wrong: accuracy 0%, top 1 0%, top 5 100%
jax, NaN: accuracy 10%, top 1 100%, top 5 100%
numpy, right: accuracy 100%, top 1 100%, top 5 100%
numpy, equal: accuracy 10%, top 1 100%, top 5 100%
numpy, surely wrong: accuracy 0%, top 1 0%, top 5 100%
numpy, NaN: accuracy 10%, top 1 0%, top 5 0%'
