"""Draws the masks that doc/pattern-format.md specifies, bit for bit those of
the Go package dropout."""
import math
from dataclasses import dataclass

import torch

MASK32, MASK64 = (1 << 32) - 1, (1 << 64) - 1


@dataclass
class Stream:
    """Places a pass of a model in a training. A mask depends on these and the
    site alone."""

    seed: int = 0  # of the run
    step: int = 0  # of the optimizer
    example: int = 0  # index within the step of the batch's first example


def mix(z):
    """The finaliser of SplitMix64."""
    z = (z + 0x9E3779B97F4A7C15) & MASK64
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK64
    return z ^ z >> 31


def derive(base, use, *numbers):
    h = mix(base ^ 0x9E3779B97F4A7C15)
    for byte in use.encode():
        h = mix(h ^ byte)
    h = mix(h ^ len(use.encode()) << 32)
    for n in numbers:
        h = mix(h ^ mix((n + 0x9E3779B97F4A7C15) & MASK64))
    return h


def site_key(site, stream):
    """The key of a site's random stream in a step."""
    return derive(derive(stream.seed, "dropout"), site, stream.step)


def multiply(a, b):
    """The upper and lower 32 bits of a*b; int64 has no room for all 64."""
    low, high = (a & 0xFFFF) * b, (a >> 16) * b
    return (high + (low >> 16)) >> 16, (low + ((high & 0xFFFF) << 16)) & MASK32


def philox(c0, c1, c2, c3, key):
    """Philox4x32-10 for tensors of counters."""
    k0, k1 = key & MASK32, key >> 32
    for _ in range(10):
        hi0, lo0 = multiply(c0, 0xD2511F53)
        hi1, lo1 = multiply(c2, 0xCD9E8D57)
        c0, c1, c2, c3 = hi1 ^ c1 ^ k0, lo1, hi0 ^ c3 ^ k1, lo0
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return torch.stack((c0, c1, c2, c3), -1)


def words(examples, first, count, key, c1=0):
    """Words first to first+count-1 of each example's random stream, (N, count)."""
    blocks = torch.arange(first // 4, (first + count + 3) // 4)
    n, blocks = torch.broadcast_tensors(examples[:, None], blocks)
    out = philox(blocks & MASK32, torch.full_like(n, c1), n & MASK32, n >> 32, key).flatten(1)
    return out[:, first % 4 : first % 4 + count]


def below(draw, n):
    """A uniform number from 0 to n-1 for a uniform word."""
    return draw * n >> 32


def noise(examples, count, p, key):
    """Bits 0 to count-1 of each example's noise, (N, count): True is dropped."""
    w = words(examples, 0, (count + 1) // 2, key)
    halves = torch.stack((w & 0xFFFF, w >> 16), -1).flatten(1)[:, :count]
    return halves < min(math.floor(p * 65536 + 0.5), 65535)


def cells(pattern, height, width):
    """Where each cell of a map is looked up, its row and column."""
    angle = pattern["rotate"] * math.pi / 180
    sin, cos, sx, sy = math.sin(angle), math.cos(angle), pattern["shear_x"], pattern["shear_y"]
    inverse = [(1 + sx * sy) * cos + sx * sin, (1 + sx * sy) * sin - sx * cos, -sy * cos - sin, -sy * sin + cos]
    xx, xy, yx, yy = (math.copysign(math.floor(abs(v) * 2**24 + 0.5), v) / 2**24 for v in inverse)
    y = (2 * torch.arange(height) - (height - 1)).double()[:, None]
    x = (2 * torch.arange(width) - (width - 1)).double()[None, :]
    return torch.floor((yx * x + yy * y + height) / 2).long(), torch.floor((xx * x + xy * y + width) / 2).long()


def conv_dropped(pattern, shape, site, stream):
    """What a block's pattern drops of a tensor (N, H, W, C): a tensor of bool."""
    n, height, width, channels = shape
    if pattern["size"] == 0:
        return torch.zeros(shape, dtype=torch.bool)
    unit = min(height, width)
    size = max(1, math.floor(pattern["size"] * unit + 0.5))
    pitch = size + max(1, math.floor(pattern["stride"] * unit + 0.5))
    examples = torch.arange(n) + stream.example
    draws = words(examples, 0, 2 if pattern["share_c"] else 2 * channels, site_key(site, stream)).view(n, 1, 1, -1, 2)

    def covered(at, draw, extent):
        span = pattern["repeat"] * pitch
        if span >= extent:
            return (at - below(draw, pitch)) % pitch < size
        offset = at - (below(draw, span + extent - 1) - (span - 1))
        return (offset >= 0) & (offset < span) & (offset % pitch < size)

    y, x = (at[None, :, :, None] for at in cells(pattern, height, width))
    return (covered(y, draws[..., 0], height) & covered(x, draws[..., 1], width)).expand(shape)


def sequence_dropped(pattern, shape, site, stream, kind=""):
    """What a place's pattern drops of a tensor (N, T, C), or (N, heads, queries,
    keys) where kind is "probability": a tensor of bool."""
    size, pitch, p = pattern["size"], pattern["size"] + pattern["stride"], pattern["drop"]
    if p == 0:
        return torch.zeros(shape, dtype=torch.bool)
    probability = kind == "probability"
    n = shape[0]
    tokens = shape[3] if probability else shape[1]
    channels = shape[1] * shape[2] if probability else shape[2]
    examples, key = torch.arange(n) + stream.example, site_key(site, stream)
    phase = below(words(examples, 0, 1, key, c1=1), pitch) if pattern["stride"] else torch.zeros(n, 1, dtype=torch.long)
    at = torch.arange(tokens) + phase  # (N, T)
    affected, block = at % pitch < size, at // pitch
    token, channel = torch.arange(tokens).view(1, -1, 1), torch.arange(channels).view(1, 1, -1)
    if pattern["share_c"]:
        index = (block if pattern["share_t"] else token[:, :, 0].expand(n, -1))[:, :, None]
    elif pattern["share_t"] and size > 1:
        blocks = (tokens + phase + pitch - 1) // pitch  # (N, 1)
        index = channel * blocks[:, :, None] + block[:, :, None] if probability else block[:, :, None] * ((channels + 31) // 32 * 32) + channel
    else:
        index = (channel * tokens + token if probability else token * channels + channel).expand(n, -1, -1)
    bits = noise(examples, int(index.max()) + 1, p, key)
    dropped = bits.gather(1, index.flatten(1)).view(index.shape) & affected[:, :, None]
    dropped = dropped.expand(n, tokens, channels)
    return dropped.transpose(1, 2).reshape(shape) if probability else dropped


def mask(dropped):
    """Returns which elements are kept and the factor that they are multiplied by."""
    kept = int((~dropped).sum())
    if kept == 0:
        return torch.ones_like(dropped), 1.0
    return ~dropped, dropped.numel() / kept
