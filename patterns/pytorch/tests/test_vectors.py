"""Compares the sampler with the vectors that the Go code wrote, bit for bit."""

import json
import pathlib

import numpy as np
import pytest
import torch

from autodropout import Block, PatternDropout, Place, attach, sampler

TESTDATA = pathlib.Path(__file__).parents[2] / "testdata"
VECTORS = json.loads((TESTDATA / "vectors.json").read_text())
MASKS = VECTORS["masks"] + json.loads((TESTDATA / "vectors2.json").read_text())["masks"]


@pytest.mark.parametrize("v", VECTORS["keys"], ids=lambda v: v["site"])
def test_keys(v):
    assert sampler.site_key(v["site"], v["seed"], v["step"]) == v["key"]


def test_philox():
    """The known answers of Random123."""
    zero, ones = torch.tensor(0), torch.tensor(sampler.MASK32)
    assert sampler.philox(*[zero] * 4, sampler.round_keys([0])[0]).tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert sampler.philox(*[ones] * 4, sampler.round_keys([sampler.MASK64])[0]).tolist() == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def placed(v, device="cpu"):
    """A module at the vector's place in a training."""
    kind = Block if "rotate" in v["pattern"] else Place
    place = PatternDropout(kind(**v["pattern"]), v["site"])
    handle = attach(place, seed=v["seed"], steps=1)
    handle.steps, handle.progress = v["step"], v.get("progress", 0.0)
    handle._draw_keys()
    handle.first.copy_(torch.tensor(v["example"]))
    for name in ("first", "keys", "strengths"):
        setattr(handle, name, getattr(handle, name).to(device))
    return place


def draw(v, device="cpu"):
    """The factors of a vector's mask, in the vector's order."""
    place, y = placed(v, device), torch.ones(v["shape"], device=device)
    if v["kind"] == "words":
        return place.drop_words(torch.arange(len(y), device=device), y, len(y))
    if isinstance(place.row, Block) and y.dim() == 4:
        return place.drop(y.permute(0, 3, 1, 2).contiguous()).permute(0, 2, 3, 1)
    return place.drop(y)


@pytest.mark.parametrize("v", MASKS, ids=lambda v: f"{v['kind']}-{v['step']}")
def test_masks(v):
    mask = draw(v)
    assert np.packbits((mask > 0).flatten().numpy(), bitorder="little").tobytes().hex() == v["keep"]
    assert np.unique(mask[mask > 0].numpy()).tolist() == [np.float32(v["factor"])]


@pytest.mark.parametrize("v", [v for v in MASKS if v["kind"] == "norm"], ids=lambda v: str(v["step"]))
def test_masks_of_images_in_other_formats(v):
    """Channels last, and the gradient, for which the mask is made again."""
    want, y = draw(v), torch.ones(v["shape"]).permute(0, 3, 1, 2).requires_grad_()
    got = placed(v).drop(y)
    assert torch.equal(got.permute(0, 2, 3, 1), want)
    got.sum().backward()
    assert torch.equal(y.grad.permute(0, 2, 3, 1), want)


@pytest.mark.parametrize("v", MASKS, ids=lambda v: f"{v['kind']}-{v['step']}")
def test_masks_stay_on_their_device(v):
    """On the meta device every read of a value by the host raises an error."""
    assert draw(v, "meta").shape == tuple(v["shape"])
