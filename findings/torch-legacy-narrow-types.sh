#!/usr/bin/env bash
# torch 2.15.0.
#
# torch.save with _use_new_zipfile_serialization=False writes a tensor of uint16
# without complaint, and torch.load of the same version cannot read it back. A
# float32 tensor in the same form is read.
#
# What follows: a .pth file that PyTorch wrote is not always one that PyTorch reads.
# Package weights names such a tensor and loads what stands beside it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 numpy==2.4.6
cat > save.py <<'PYTHON'
import torch

for dtype in (torch.float32, torch.uint16):
    torch.save({"x": torch.tensor([3]).to(dtype)}, "x.pth", _use_new_zipfile_serialization=False)
    try:
        print(dtype, torch.load("x.pth", weights_only=False)["x"].tolist())
    except AttributeError as error:
        print(dtype, type(error).__name__, str(error).split(". ")[0])
PYTHON
python save.py 2>/dev/null | same "torch.float32 [3.0]
torch.uint16 AttributeError type object 'torch.storage.UntypedStorage' has no attribute 'dtype'"
