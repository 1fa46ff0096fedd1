#!/usr/bin/env bash
# keras 3.15.1, backend numpy (2.4.6, with jax 0.10.2).
#
# An LSTMCell with dropout has one mask for all steps of a sequence. "The mask should be
# cached across all timestep within the same batch, but shouldn't be cached between
# batches", says its source. keras.layers.RNN clears the mask of an LSTMCell. It also
# takes a layer of one's own as a cell; the LSTMCell inside such a layer keeps its first
# mask for ever. Twenty passes in training drop the same inputs, which the network then
# never sees. An LSTMCell that is called in a loop does the same. Its documentation
# names no call that clears the mask.
#
# What follows: whoever compares variational dropout with Keras' calls
# reset_dropout_mask and reset_recurrent_dropout_mask before each batch. Masks here are
# drawn from the step (dropout.Stream), so that none lasts.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat > passes.py <<'PYTHON'
import keras
import numpy as np


class Doubled(keras.layers.Layer):
    """A cell that gives twice what an LSTMCell gives."""

    def __init__(self):
        super().__init__()
        self.cell = keras.layers.LSTMCell(5, dropout=0.5, seed=1)
        self.state_size = self.cell.state_size
        self.output_size = 5

    def build(self, shape):
        self.cell.build(shape)
        self.built = True

    def call(self, x, states, training=False):
        y, states = self.cell(x, states, training=training)
        return 2 * y, states


x = np.ones((2, 8, 6), "float32")
alone, zeros = keras.layers.LSTMCell(5, dropout=0.5, seed=1), np.zeros((2, 5), "float32")
for name, run in (
    ("LSTMCell in RNN", keras.layers.RNN(keras.layers.LSTMCell(5, dropout=0.5, seed=1))),
    ("own layer in RNN", keras.layers.RNN(Doubled())),
    ("LSTMCell called alone", lambda x, training: alone(x[:, 0], [zeros, zeros], training=training)[0]),
):
    passes = {np.asarray(run(x, training=True)).tobytes() for _ in range(20)}
    print(f"{name}: {len(passes)} different outputs of 20 passes")
PYTHON
KERAS_BACKEND=numpy KERAS_HOME="$folder/keras" python passes.py 2>/dev/null | same 'LSTMCell in RNN: 20 different outputs of 20 passes
own layer in RNN: 1 different outputs of 20 passes
LSTMCell called alone: 1 different outputs of 20 passes'
