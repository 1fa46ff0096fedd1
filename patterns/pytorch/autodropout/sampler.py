"""Draws the masks that doc/pattern-format.md specifies, bit for bit those of
the Go package dropout.

Everything after the keys is integer arithmetic on tensors: it runs on the
tensors' device, reads nothing back to the host, and gives the same bits on every
device. Nothing overflows int64, so that nothing depends on what is done then.
"""

import functools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .pattern import Block, Place

MASK32, MASK64 = (1 << 32) - 1, (1 << 64) - 1
ROUNDS = 10  # of Philox


def mix(z: int) -> int:
    """The finaliser of SplitMix64."""
    z = (z + 0x9E3779B97F4A7C15) & MASK64
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK64
    return z ^ z >> 31


def derive(base: int, use: str, *numbers: int) -> int:
    h = mix(base ^ 0x9E3779B97F4A7C15)
    for byte in use.encode():
        h = mix(h ^ byte)
    h = mix(h ^ len(use.encode()) << 32)
    for n in numbers:
        h = mix(h ^ mix((n + 0x9E3779B97F4A7C15) & MASK64))
    return h


def site_key(site: str, seed: int, step: int) -> int:
    """The key of a site's random stream in a step."""
    return derive(derive(seed, "dropout"), site, step)


def round_keys(keys: list[int]) -> Tensor:
    """The keys of Philox's rounds, (len(keys), ROUNDS, 2), for keys of sites."""
    halves = torch.tensor([(key & MASK32, key >> 32) for key in keys], dtype=torch.int64).view(-1, 1, 2)
    steps = torch.arange(ROUNDS).view(-1, 1) * torch.tensor([0x9E3779B9, 0xBB67AE85])
    return (halves + steps) & MASK32


def philox(c0: Tensor, c1: Tensor, c2: Tensor, c3: Tensor, keys: Tensor) -> Tensor:
    """Philox4x32-10 for tensors of counters of one shape: (..., 4). keys (ROUNDS,
    2, ...) are those of the rounds."""
    for k0, k1 in zip(*keys.unbind(1)):
        (high0, low0), (high1, low1) = multiply(c0, 0xD2511F53), multiply(c2, 0xCD9E8D57)
        c0, c1, c2, c3 = high1.bitwise_xor_(c1).bitwise_xor_(k0), low1, high0.bitwise_xor_(c3).bitwise_xor_(k1), low0
    return torch.stack((c0, c1, c2, c3), -1)


def multiply(a: Tensor, b: int) -> tuple[Tensor, Tensor]:
    """The upper and lower 32 bits of a*b, where b is above 2^31."""
    # The whole product has no room in int64; this one differs by a * 2^32.
    product = a * (b - (1 << 32))
    return (product >> 32).add_(a), product.bitwise_and_(MASK32)


def words(examples: Tensor, count: int, keys: Tensor, stream: int = 0) -> Tensor:
    """The first count words of each example's random stream, or of its second
    stream, (N, count)."""
    blocks = torch.arange((count + 3) // 4, device=examples.device)
    return block_words(examples, blocks, keys, stream)[:, :count]


# An operation of its own, since torch.compile's code for processors gets some of this
# arithmetic wrong (torch 2.15). To compile it would take long as well.
@torch.library.custom_op("autodropout::block_words", mutates_args=())
def block_words(examples: Tensor, blocks: Tensor, keys: Tensor, stream: int = 0) -> Tensor:
    """The four words of each block (B) of each example's random stream, (N, 4*B).
    keys (ROUNDS, 2) are the same for all, or (ROUNDS, 2, B)."""
    n, blocks = torch.broadcast_tensors(examples[:, None], blocks)
    return philox(blocks, torch.full_like(n, stream), n & MASK32, n >> 32 & MASK32, keys).flatten(1)


@block_words.register_fake
def _(examples: Tensor, blocks: Tensor, keys: Tensor, stream: int = 0) -> Tensor:
    return examples.new_empty(len(examples), 4 * len(blocks))


def below(draw: Tensor, n: int) -> Tensor:
    """A uniform number from 0 to n-1 for a uniform word."""
    return draw * n >> 32


def noise(examples: Tensor, count: int, p: Tensor | float, keys: Tensor) -> Tensor:
    """Bits 0 to count-1 of each example's noise, (N, count): True is dropped."""
    draw = words(examples, (count + 1) // 2, keys)
    threshold = (p * 65536 + 0.5).floor().clamp(max=65535).long() if isinstance(p, Tensor) else min(math.floor(p * 65536 + 0.5), 65535)
    return torch.stack(((draw & 0xFFFF) < threshold, (draw >> 16) < threshold), -1).flatten(1)[:, :count]


def cells(block: Block, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Where each cell of a map is looked up, its row and column, (height*width)."""
    angle = block.rotate * math.pi / 180
    sin, cos, sx, sy = math.sin(angle), math.cos(angle), block.shear_x, block.shear_y
    inverse = (1 + sx * sy) * cos + sx * sin, (1 + sx * sy) * sin - sx * cos, -sy * cos - sin, -sy * sin + cos
    xx, xy, yx, yy = (int(math.copysign(math.floor(abs(v) * 2**24 + 0.5), v)) for v in inverse)
    y = (2 * torch.arange(height) - (height - 1))[:, None]
    x = (2 * torch.arange(width) - (width - 1))[None, :]
    return (yx * x + yy * y + (height << 24) >> 25).flatten(), (xx * x + xy * y + (width << 24) >> 25).flatten()


def side(block: Block, unit: int) -> int:
    """The side of a pattern's blocks in cells."""
    return block.cells or max(1, math.floor(block.size * unit + 0.5))


@functools.lru_cache(maxsize=1024)
def _tables(block: Block, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    unit = min(height, width)
    size = side(block, unit)
    pitch = size + max(1, math.floor(block.stride * unit + 0.5))
    span = block.repeat * pitch

    def covered(at: Tensor, extent: int) -> Tensor:
        if span >= extent:
            return (at - torch.arange(pitch)[:, None]) % pitch < size
        offset = at - torch.arange(-(span - 1), extent)[:, None]
        return (offset >= 0) & (offset < span) & (offset % pitch < size)

    y, x = cells(block, height, width)
    everywhere = torch.ones(1, height * width, dtype=torch.bool)
    rows = everywhere if block.aspect == "full:1" else covered(y, height)
    columns = everywhere if block.aspect == "1:full" else covered(x, width)
    if block.schedule != "constant":  # an example may have no grid
        rows = torch.cat((rows, ~everywhere))
    common = (rows.double() @ columns.double().T).long()
    return rows.float().to(device), columns.float().to(device), common.to(device)


# A compiled program holds the tables as constants.
@torch.compiler.assume_constant_result
def tables(block: Block, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Which cells of a map a pattern covers along its axis of height, 0 or 1 in
    (places, height*width), for every place that a draw may give it there, and with a
    schedule at last for none; the same along its width; and how many cells both cover,
    for each pair of places."""
    return _tables(block, height, width, device)


def rescale(dropped: Tensor, elements: int) -> tuple[Tensor, Tensor]:
    """The factors of what is kept and of what is dropped, for the number of
    elements that a mask drops. A mask that would keep nothing keeps everything."""
    kept = elements - dropped
    # float64, unless a device has none.
    wide = torch.float32 if kept.device.type == "mps" else torch.float64
    empty = kept == 0
    return torch.where(empty, 1, elements / kept.to(wide)).float(), empty.float()


def block_draws(block: Block, channels: int) -> int:
    """How many words the place of a block's grid takes of each example's stream."""
    return 2 if block.share_c else 2 * channels


def block_parts(block: Block, shape: tuple[int, ...], draws: Tensor, present: Tensor | None = None) -> tuple[Tensor, ...]:
    """What block_mask makes the mask of a tensor (N, C, H, W) from. draws (N,
    block_draws) are the words. present (N, 1) says which examples have the grid of a
    pattern with a schedule."""
    n, channels, height, width = shape
    rows, columns, common = tables(block, height, width, draws.device)
    places = len(rows) if present is None else len(rows) - 1
    row, column = below(draws[:, ::2], places), below(draws[:, 1::2], len(columns)).flatten()
    row = (row if present is None else torch.where(present, row, places)).flatten()
    # Faster than common[row, column] by a factor of ten.
    dropped = common.flatten().index_select(0, row * len(columns) + column).sum() * (channels if block.share_c else 1)
    kept, lost = rescale(dropped, n * channels * height * width)
    return rows * (lost - kept), columns, row, column, kept


def present(examples: Tensor, keys: Tensor, strength: Tensor) -> Tensor:
    """Which examples have a grid of this strength, (N, 1)."""
    return words(examples, 1, keys, stream=1) < (strength * 2**32 + 0.5).floor().long()


def block_mask(y: Tensor, rows: Tensor, columns: Tensor, row: Tensor, column: Tensor, kept: Tensor) -> Tensor:
    """The factors by which a block's pattern multiplies a tensor y (N, C, H, W), in
    float32: of its shape, or with one channel where all have the same."""
    n, _, height, width = y.shape
    channels_last = not y.is_contiguous() and y.is_contiguous(memory_format=torch.channels_last)

    # Gathering and multiplying floats is several times as fast as choosing by bools.
    def pick(table: Tensor, index: Tensor) -> Tensor:
        if channels_last:
            return table.T.contiguous().expand(n, -1, -1).gather(2, index.view(n, 1, -1).expand(-1, height * width, -1))
        return table.index_select(0, index)

    if len(rows) * len(columns) <= len(row) // 4:
        masks = (rows[:, None] * columns).add_(kept).flatten(0, 1)  # of all pairs
        mask = pick(masks, row * len(columns) + column)
    else:
        mask = pick(rows, row).mul_(pick(columns, column)).add_(kept)
    return mask.view(n, height, width, -1).permute(0, 3, 1, 2) if channels_last else mask.view(n, -1, height, width)


def scatter_mask(block: Block, shape: tuple[int, ...], examples: Tensor, keys: Tensor, strength: Tensor | float) -> Tensor:
    """The factors for a tensor (N, C, H, W) of a pattern whose blocks are scattered."""
    n, channels, height, width = shape
    size = side(block, min(height, width))
    rows = height if block.aspect == "full:1" else min(size, height)
    columns = width if block.aspect == "1:full" else min(size, width)
    down, across = height - rows + 1, width - columns + 1
    drawn = 1 if block.share_c else channels
    p = block.scatter * strength * (height * width) / (rows * columns) / (down * across)
    begins = noise(examples, down * across * drawn, p, keys).view(n, down, across, drawn).permute(0, 3, 1, 2)
    # A cell is dropped when a block begins at it or up to a side before it.
    spread = F.pad(begins.float(), (columns - 1, columns - 1, rows - 1, rows - 1))
    dropped = F.max_pool2d(spread, (rows, columns), 1) > 0
    kept, lost = rescale(dropped.sum() * (channels // drawn), n * channels * height * width)
    return torch.where(dropped, lost, kept)


def words_mask(place: Place, count: int, keys: Tensor, strength: Tensor | float) -> Tensor:
    """The factors for a table of word vectors, (words, 1)."""
    dropped = noise(torch.zeros(1, dtype=torch.int64, device=keys.device), count, place.drop * strength, keys).view(-1, 1)
    kept, lost = rescale(dropped.sum(), count)
    return torch.where(dropped, lost, kept)


def place_mask(place: Place, shape: tuple[int, ...], examples: Tensor, keys: Tensor, strength: Tensor | float = 1.0) -> Tensor:
    """The factors by which a place's pattern multiplies a tensor (N, T, C), or
    attention probabilities (N, heads, queries, keys): of a shape that broadcasts to
    it."""
    probability, drop = len(shape) == 4, place.drop * strength
    n, tokens, channels = (shape[0], shape[3], shape[1] * shape[2]) if probability else shape
    pitch, device = place.size + place.stride, examples.device
    phase = below(words(examples, 1, keys, stream=1), pitch) if place.stride else torch.zeros(n, 1, dtype=torch.int64, device=device)
    at = torch.arange(tokens, device=device) + phase  # (N, T)
    block = at // pitch
    blocks = (tokens + (pitch - 1 if place.stride else 0) + pitch - 1) // pitch  # at most
    if place.share_c:
        bits = noise(examples, blocks if place.share_t else tokens, drop, keys)
        dropped = (bits.gather(1, block) if place.share_t else bits)[:, :, None]
    elif place.share_t and place.size > 1 and probability:
        own = (tokens + phase + pitch - 1) // pitch  # blocks of an example
        index = torch.arange(channels, device=device)[:, None] * own[:, :, None] + block[:, None, :]
        bits = noise(examples, channels * blocks, drop, keys)
        dropped = bits.gather(1, index.flatten(1)).view(n, channels, tokens).transpose(1, 2)
    elif place.share_t and place.size > 1:
        padded = (channels + 31) // 32 * 32
        bits = noise(examples, blocks * padded, drop, keys).view(n, blocks, padded)[:, :, :channels]
        dropped = bits.gather(1, block[:, :, None].expand(n, tokens, channels))
    else:
        bits = noise(examples, tokens * channels, drop, keys)
        dropped = bits.view(n, channels, tokens).transpose(1, 2) if probability else bits.view(n, tokens, channels)
    if place.stride:
        dropped = dropped & (at % pitch < place.size)[:, :, None]
    kept, lost = rescale(dropped.sum() * (channels // dropped.shape[2]), n * tokens * channels)
    mask = torch.where(dropped, lost, kept)
    if not probability:
        return mask
    mask = mask.transpose(1, 2)
    return mask.reshape(n, *(shape[1:3] if mask.shape[1] == channels else (1, 1)), tokens)
