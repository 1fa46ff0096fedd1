"""Compares the sampler with the vectors that the Go code wrote, bit for bit."""
import json
import pathlib

import numpy as np
import torch

import autodropout
from autodropout import sampler

with open(pathlib.Path(__file__).parents[2] / "testdata" / "vectors.json") as f:
    vectors = json.load(f)


def test_keys():
    for v in vectors["keys"]:
        assert sampler.site_key(v["site"], autodropout.Stream(v["seed"], v["step"])) == v["key"], v


def test_philox():
    """The known answers of Random123."""
    ones = torch.tensor(sampler.MASK32)
    assert sampler.philox(*[torch.tensor(0)] * 4, 0).tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert sampler.philox(*[ones] * 4, sampler.MASK64).tolist() == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def test_masks():
    for v in vectors["masks"]:
        stream = autodropout.Stream(v["seed"], v["step"], v["example"])
        if v["kind"] == "norm":
            dropped = sampler.conv_dropped(v["pattern"], v["shape"], v["site"], stream)
        else:
            dropped = sampler.sequence_dropped(v["pattern"], v["shape"], v["site"], stream, v["kind"])
        keep, factor = sampler.mask(dropped)
        got = np.packbits(keep.flatten().numpy(), bitorder="little").tobytes().hex()
        assert got == v["keep"], v
        assert np.float32(factor) == np.float32(v["factor"]), v


def test_attach():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.BatchNorm2d(8), torch.nn.ReLU())
    block = {"size": 0.5, "stride": 0.5, "repeat": 2, "rotate": 0, "shear_x": 0, "shear_y": 0, "share_c": False, "residual": False}
    stream = autodropout.attach(model, {"kind": "convnet", "stages": [[block]]}, [[["1"]]])
    x = torch.randn(4, 3, 8, 8)
    with_mask, again = model(x), model(x)
    assert torch.equal(with_mask, again)
    assert (with_mask == 0).float().mean() > 0.5
    stream.step = 1
    assert not torch.equal(with_mask, model(x))
    model.eval()
    assert (model(x) == 0).float().mean() < 0.6
