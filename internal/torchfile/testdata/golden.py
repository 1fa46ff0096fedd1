"""Writes files of torch.save for the tests of package torchfile, and in
expected.safetensors the values that torch.load returns for them.

state.pth is a state_dict with every data type, views with offsets and strides, tensors
that share memory, a scalar and an empty tensor; legacy.pth the same in the format
before PyTorch 1.6; pickle4.pth in another pickle protocol. checkpoint.pth holds
a training: weights inside a dictionary, an optimizer, and objects that are no
tensors. module.pth holds a whole module. forms.py makes more.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import argparse
from collections import OrderedDict

import torch

import forms
from safetensors.torch import save_file

base = torch.arange(24.0).reshape(4, 6) / 7
state = OrderedDict(
    weight=base,
    transposed=base.t(),
    part=base[1:3, 2:5],
    column=base[:, 3],
    stepped=base[::2, ::3],
    float64=base.double() * 3,
    float16=base.half(),
    bfloat16=base.bfloat16(),
    int64=torch.tensor([-3, 1 << 20]),
    int32=torch.tensor([-3, 5], dtype=torch.int32),
    int16=torch.tensor([-3, 5], dtype=torch.int16),
    int8=torch.tensor([-3, 5], dtype=torch.int8),
    uint8=torch.tensor([3, 250], dtype=torch.uint8),
    bool=torch.tensor([True, False]),
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(base[0]),
)
state["sub.weight"] = base[3]
torch.save(state, "state.pth")
torch.save(state, "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(state, "pickle4.pth", pickle_protocol=4)

torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
model(torch.randn(4, 3)).sum().backward()
optimizer.step()
checkpoint = {
    "epoch": 300,
    "best": 0.75,
    "model": model.state_dict(),
    "optimizer": optimizer.state_dict(),
    "args": argparse.Namespace(lr=0.1, name="x"),
    "history": [1, (2.5, None), {"a": -70000}],
}
torch.save(checkpoint, "checkpoint.pth")
torch.save(model, "module.pth")

expected = {"state." + k: v.detach().float().contiguous().clone() for k, v in torch.load("state.pth").items()}
expected |= {"model." + k: v.float().clone() for k, v in model.state_dict().items()}
save_file(expected, "expected.safetensors", metadata={"torch": torch.__version__})
forms.write()
