"""Compares the masks of patterns of version 2 with the vectors that the Go code wrote,
bit for bit."""

import json
import pathlib

import numpy as np
import pytest
import torch

from autodropout import sampler, wide

with open(pathlib.Path(__file__).parents[2] / "testdata" / "vectors2.json") as f:
    VECTORS = json.load(f)


@pytest.mark.parametrize("v", VECTORS["masks"], ids=lambda v: f"{v['kind']}-{v['step']}")
def test_masks(v):
    examples = torch.arange(v["shape"][0]) + v["example"]
    keys = sampler.round_keys([sampler.site_key(v["site"], v["seed"], v["step"])])[0]
    shape, progress = tuple(v["shape"]), v.get("progress", 0.0)
    if "rotate" in v["pattern"]:
        dropped = wide.block_dropped(v["pattern"], shape, examples, keys, progress)
    else:
        dropped = wide.place_dropped(v["pattern"], v["kind"], shape, examples, keys, progress)
    assert np.packbits((~dropped).flatten().numpy(), bitorder="little").tobytes().hex() == v["keep"]
    assert np.float32(wide.factor(dropped)) == np.float32(v["factor"])
