#!/usr/bin/env bash
# safetensors 0.8.0 with numpy 2.4.6.
#
# safetensors.numpy.save_file writes the memory of an array as it lies there. A
# transposed array, one in Fortran's order, and every second element of another come
# back with other numbers in the right shape, without an error.
# safetensors.torch.save_file refuses a transposed tensor.
#
# What follows: nothing in the file tells. doc/pytorch.md advises
# numpy.ascontiguousarray; package npy reads both orders of a .npy file.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages safetensors==0.8.0 numpy==2.4.6
cat > save.py <<'PYTHON'
import numpy as np
from safetensors.numpy import load_file, save_file

rows = np.arange(6, dtype=np.float32).reshape(2, 3)
for name, array in (("rows", rows), ("transposed", rows.T), ("Fortran's order", np.asfortranarray(rows)), ("every second", np.arange(12, dtype=np.float32)[::2])):
    save_file({"x": array}, "x.safetensors")
    print(f"{name}: {array.tolist()} saved, {load_file('x.safetensors')['x'].tolist()} loaded")
PYTHON
python save.py | same "rows: [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]] saved, [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]] loaded
transposed: [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] saved, [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]] loaded
Fortran's order: [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]] saved, [[0.0, 3.0, 1.0], [4.0, 2.0, 5.0]] loaded
every second: [0.0, 2.0, 4.0, 6.0, 8.0, 10.0] saved, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0] loaded"
