"""Compares the sampler with the vectors that the Go code wrote, bit for bit."""

import json
import pathlib

import numpy as np
import pytest
import torch

from autodropout import Block, Place, sampler

with open(pathlib.Path(__file__).parents[2] / "testdata" / "vectors.json") as f:
    VECTORS = json.load(f)


@pytest.mark.parametrize("v", VECTORS["keys"], ids=lambda v: v["site"])
def test_keys(v):
    assert sampler.site_key(v["site"], v["seed"], v["step"]) == v["key"]


def test_philox():
    """The known answers of Random123."""
    zero, ones = torch.tensor(0), torch.tensor(sampler.MASK32)
    assert sampler.philox(*[zero] * 4, sampler.round_keys([0])[0]).tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert sampler.philox(*[ones] * 4, sampler.round_keys([sampler.MASK64])[0]).tolist() == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def draw(v, device="cpu"):
    """The factors of a vector's mask, in the vector's order."""
    examples = torch.arange(v["shape"][0], device=device) + v["example"]
    keys = sampler.round_keys([sampler.site_key(v["site"], v["seed"], v["step"])])[0].to(device)
    if v["kind"] == "norm":
        n, h, w, c = v["shape"]
        block = Block(**v["pattern"])
        parts = sampler.block_parts(block, (n, c, h, w), sampler.words(examples, sampler.block_draws(block, c), keys))
        mask = sampler.block_mask(torch.empty(n, c, h, w, device=device), *parts)
        return mask.expand(n, c, h, w).permute(0, 2, 3, 1)
    return sampler.place_mask(Place(**v["pattern"]), tuple(v["shape"]), examples, keys).expand(v["shape"])


@pytest.mark.parametrize("v", VECTORS["masks"], ids=lambda v: f"{v['kind']}-{v['step']}")
def test_masks(v):
    mask = draw(v)
    assert np.packbits((mask > 0).flatten().numpy(), bitorder="little").tobytes().hex() == v["keep"]
    assert np.unique(mask[mask > 0].numpy()).tolist() == [np.float32(v["factor"])]


@pytest.mark.parametrize("v", VECTORS["masks"], ids=lambda v: f"{v['kind']}-{v['step']}")
def test_masks_stay_on_their_device(v):
    """On the meta device every read of a value by the host raises an error."""
    assert draw(v, "meta").shape == tuple(v["shape"])
