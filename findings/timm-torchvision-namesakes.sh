#!/usr/bin/env bash
# timm 1.0.31 and torchvision 0.29.2 (torch 2.15.0).
#
# Networks of one name and one set of weights are not the same. timm's resnet18
# begins with residual branches that are 0 (the scale of the last batch norm of each
# block), torchvision's with 1. In efficientnet_b5 to b7 torchvision's batch norms have
# another eps and momentum than timm's, so that the same weights predict otherwise.
#
# What follows: a comparison says which library's network it trained.
# models.TorchvisionEfficientNet is said to give torchvision's results for B0 to B4
# only.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 torchvision==0.29.2 timm==1.0.31
cat > compare.py <<'PYTHON'
import timm
import torch
import torchvision


def norms(model):
    return sorted({(m.eps, m.momentum) for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)})


for library in (timm.create_model, torchvision.models.get_model):
    print("first scales of resnet18", library("resnet18").layer1[0].bn2.weight.unique().tolist())
for name in ("efficientnet_b4", "efficientnet_b5"):
    for library in (timm.create_model, torchvision.models.get_model):
        print(name, norms(library(name)))
PYTHON
python compare.py 2>/dev/null | same 'first scales of resnet18 [0.0]
first scales of resnet18 [1.0]
efficientnet_b4 [(1e-05, 0.1)]
efficientnet_b4 [(1e-05, 0.1)]
efficientnet_b5 [(1e-05, 0.1)]
efficientnet_b5 [(0.001, 0.01)]'
