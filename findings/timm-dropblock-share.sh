#!/usr/bin/env bash
# timm 1.0.31 and torchvision 0.29.2 (torch 2.15.0).
#
# DropBlock2d(0.1, 7) of both is meant to drop about a tenth of a feature map. The
# paper computes the rate at which blocks begin from the cells where a whole block
# fits. timm uses that rate at all cells of the map, so that small maps lose far more:
# 93 % where a map is as large as a block, the last stage of a ResNet at 224 pixels.
# torchvision begins blocks only where they fit, and drops 9 to 10 %. But it makes a
# block at most as large as the map, and then refuses its own size on a map with an
# even side.
#
# What follows: a rate of DropBlock in timm is not one here or in torchvision.
# doc/pytorch.md says so. dropout.NewDropBlock begins blocks where they fit and takes
# maps of any size.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 torchvision==0.29.2 timm==1.0.31
cat > compare.py <<'PYTHON'
import timm.layers
import torch
import torchvision

torch.manual_seed(1)
print("side", "timm", "torchvision")
for side in (28, 14, 7, 6):
    shares = []
    images = 10_000_000 // side**2  # enough that no percent is by chance
    for library in (timm.layers.DropBlock2d, torchvision.ops.DropBlock2d):
        try:
            dropped = library(0.1, 7).train()(torch.ones(images, 1, side, side)) == 0
            shares.append(f"{dropped.float().mean():.0%}")
        except ValueError as error:
            shares.append(str(error))
    print(side, *shares)
PYTHON
python compare.py 2>/dev/null | same 'side timm torchvision
28 13% 9%
14 21% 9%
7 93% 10%
6 86% block size should be odd. Got 6 which is even.'
