"""Draws the masks of patterns of version 2 that doc/pattern-format.md specifies, bit
for bit those of the Go package dropout. attach does not know version 2: call these
where a model drops something."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from . import sampler
from .pattern import Block, Place

_BLOCK = ("size", "stride", "repeat", "rotate", "shear_x", "shear_y", "share_c", "residual")


def strength(schedule: str, progress: float) -> float:
    """How strongly a pattern acts when this share of a training is done."""
    q = min(max(progress, 0.0), 1.0)
    return {"constant": 1.0, "up": q, "down": 1 - q, "off": 1.0 if q < 0.75 else 0.0}[schedule]


def block_dropped(row: Mapping[str, Any], shape: tuple[int, ...], examples: Tensor, keys: Tensor, progress: float = 0.0) -> Tensor:
    """What a block's pattern, its members in a file, drops of a tensor (N, H, W, C) or
    (N, C): a tensor of bool. keys are sampler.round_keys of the site."""
    if len(shape) == 2:
        return block_dropped(row, (shape[0], 1, 1, shape[1]), examples, keys, progress).view(shape)
    n, height, width, channels = shape
    part = strength(row["schedule"], progress)
    if row["size"] == 0 or part == 0:
        return torch.zeros(shape, dtype=torch.bool)
    unit = min(height, width)
    side = row["cells"] or max(1, math.floor(row["size"] * unit + 0.5))
    full_height, full_width = row["aspect"] == "full:1", row["aspect"] == "1:full"
    if row["scatter"] > 0:
        rows, columns = height if full_height else min(side, height), width if full_width else min(side, width)
        return _scattered(row, shape, rows, columns, part, examples, keys)
    pitch = side + max(1, math.floor(row["stride"] * unit + 0.5))
    draws = sampler.words(examples, 2 if row["share_c"] else 2 * channels, keys).reshape(n, 1, -1, 2)

    def covered(at: Tensor, draw: Tensor, extent: int, full: bool) -> Tensor:
        at, span = at.view(1, -1, 1), row["repeat"] * pitch
        if full:
            return torch.ones_like(at + draw, dtype=torch.bool)
        if span >= extent:
            return (at - sampler.below(draw, pitch)) % pitch < side
        offset = at - (sampler.below(draw, span + extent - 1) - (span - 1))
        return (offset >= 0) & (offset < span) & (offset % pitch < side)

    y, x = sampler.cells(Block(**{name: row[name] for name in _BLOCK}), height, width)
    dropped = covered(y, draws[..., 0], height, full_height) & covered(x, draws[..., 1], width, full_width)
    if part < 1:
        dropped = dropped & (sampler.words(examples, 1, keys, 1) < math.floor(part * 2**32 + 0.5)).view(n, 1, 1)
    return dropped.view(n, height, width, -1).expand(shape)


def _scattered(row: Mapping[str, Any], shape: tuple[int, ...], rows: int, columns: int, part: float, examples: Tensor, keys: Tensor) -> Tensor:
    """Blocks of rows x columns that begin at independent places."""
    n, height, width, channels = shape
    down, across = height - rows + 1, width - columns + 1
    gamma = row["scatter"] * part * (height * width) / (rows * columns) / (down * across)
    drawn = 1 if row["share_c"] else channels
    begins = sampler.noise(examples, down * across * drawn, gamma, keys).reshape(n, down, across, drawn)
    dropped = torch.zeros(n, height, width, drawn, dtype=torch.bool)
    for y in range(rows):
        for x in range(columns):
            dropped[:, y : y + down, x : x + across] |= begins
    return dropped.expand(shape)


def place_dropped(row: Mapping[str, Any], kind: str, shape: tuple[int, ...], examples: Tensor, keys: Tensor, progress: float = 0.0) -> Tensor:
    """What a place's pattern drops of a tensor (N, T, C), of attention probabilities
    (N, heads, queries, keys), or of the table (words, C) at the place "words"."""
    drop = row["drop"] * strength(row["schedule"], progress)
    if kind == "words":
        return sampler.noise(torch.zeros(1, dtype=torch.int64), shape[0], drop, keys).reshape(-1, 1).expand(shape)
    if drop == 0:
        return torch.zeros(shape, dtype=torch.bool)
    place = Place(row["size"], row["stride"], row["share_t"], row["share_c"], drop)
    return (sampler.place_mask(place, shape, examples, keys) == 0).expand(shape)


def factor(dropped: Tensor) -> float:
    """By what is kept is multiplied; 1 where nothing is, and the mask is not applied."""
    kept = dropped.numel() - int(dropped.sum())
    return dropped.numel() / kept if kept else 1.0
