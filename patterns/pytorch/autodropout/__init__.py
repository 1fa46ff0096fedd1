"""Dropout patterns of AutoDropout in PyTorch.

    pattern = autodropout.load("pattern.json")
    stream = autodropout.attach(model, pattern, [[["layer1.0.bn1", "layer1.0.bn2"], ...], ...])
    for stream.step, batch in enumerate(batches):
        ...
"""
from .attach import attach
from .pattern import load, resize
from .sampler import Stream

__all__ = ["Stream", "attach", "load", "resize"]
