"""Dropout patterns of AutoDropout in PyTorch: the masks that the Go package
dropout draws, bit for bit.

    model = torchvision.models.resnet18()
    handle = autodropout.attach(model, autodropout.load("pattern.json"))
    for images, labels in loader:
        ...
        optimizer.step()
        handle.step()
"""

from .answer import answer
from .handle import Handle, attach, attached
from .pattern import Block, Pattern, Place, dumps, load, parse, save
from .place import PatternDropout

__all__ = ["Block", "Handle", "Pattern", "PatternDropout", "Place", "answer", "attach", "attached", "dumps", "load", "parse", "save"]
