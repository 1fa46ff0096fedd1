"""Writes whole networks of torchvision and timm, with random weights, into the
folder that is given, 800 MB, and what they make of images:

    python3 whole.py DIR
    go test ./weights -run TestWholeNetworks -v -whole DIR

Made with torch 2.15.0, torchvision 0.29.2 and timm 1.0.31.
"""
import pathlib
import sys

import timm
import torch
import torchvision
from safetensors.torch import save_file

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(5)
x = torch.randn(2, 3, 64, 64)
logits = {"images": x.permute(0, 2, 3, 1).contiguous()}
for name, net in {
    "torchvision-resnet18": torchvision.models.resnet18(num_classes=10),
    "torchvision-resnet50": torchvision.models.resnet50(num_classes=10),
    "torchvision-efficientnet_b0": torchvision.models.efficientnet_b0(num_classes=10),
    "timm-resnet50": timm.create_model("resnet50", num_classes=10),
    "timm-efficientnet_b0": timm.create_model("efficientnet_b0", num_classes=10),
}.items():
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
    with torch.no_grad():
        logits[name] = net.eval()(x)
    state = net.state_dict()
    torch.save(state, folder / (name + ".pth"))
    save_file(state, folder / (name + ".safetensors"))
    distributed = {"epoch": 1, "model": {"module." + k: v for k, v in state.items()}}
    torch.save(distributed, folder / (name + "-old.pth"), _use_new_zipfile_serialization=False)
save_file(logits, folder / "logits.safetensors")
