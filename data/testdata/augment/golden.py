"""Writes augment.safetensors: an image of 8x8 pixels whose pixel (y, x) is 8 y + x + 1,
with two pixels more on every side, reflected by PyTorch.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import torch
from safetensors.torch import save_file

image = torch.arange(1.0, 65.0).view(1, 1, 8, 8)
padded = torch.nn.functional.pad(image, (2, 2, 2, 2), mode="reflect")
save_file({"reflected": padded[0, 0].contiguous()}, "augment.safetensors", metadata={"torch": torch.__version__})
