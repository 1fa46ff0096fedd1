"""Where a pattern acts, and what decides which masks are drawn there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from . import sampler
from .pattern import Block, Place

if TYPE_CHECKING:
    from .handle import Handle


class PatternDropout(nn.Module):
    """Drops what one row of a pattern drops, while it trains: of a tensor (N, C, H,
    W) or (N, C) for a Block, of (N, T, C) or attention probabilities (N, heads, queries, keys)
    for a Place.

    attach finds the modules of this kind in a model and gives them their random
    streams. site names the stream; it is the module's name where it is not given.
    """

    def __init__(self, row: Block | Place, site: str = "") -> None:
        super().__init__()
        self.row, self.site = row, site
        self.handle: Handle | None = None  # attach sets these
        self.index = -1
        self.channels = 0  # of the tensors, where they are known before the first

    def extra_repr(self) -> str:
        return f"{self.row}, site={self.site!r}"

    def mask(self, y: Tensor) -> Tensor:
        """Returns the factors for a tensor in this pass of the model, in float32."""
        handle = self._handle(y)
        if isinstance(self.row, Place):
            return sampler.place_mask(self.row, tuple(y.shape), *handle.stream(self, y), handle.strength(self))
        image = y.view(*y.shape[:2], 1, 1) if y.dim() == 2 else y
        if self.row.scatter > 0:
            mask = sampler.scatter_mask(self.row, tuple(image.shape), *handle.stream(self, image), handle.strength(self))
        else:
            mask = sampler.block_mask(image, *self._parts(image))
        return mask.flatten(1) if y.dim() == 2 else mask

    def drop(self, y: Tensor) -> Tensor:
        if isinstance(self.row, Block) and not self.row.scatter and y.dim() == 4:
            return _Multiply.apply(y, *self._parts(y))
        return _multiply(y, self.mask(y))

    def drop_words(self, ids: Tensor, vectors: Tensor, count: int) -> Tensor:
        """Drops words of a table of count word vectors, of which these are some."""
        handle = self._bound()
        _, keys = handle.stream(self, vectors)
        return _multiply(vectors, sampler.words_mask(self.row, count, keys, handle.strength(self))[ids])

    def forward(self, y: Tensor) -> Tensor:
        return self.drop(y) if self.training and self.row.acts else y

    def _parts(self, y: Tensor) -> tuple[Tensor, ...]:
        handle = self._handle(y)
        draws, present = handle.words(self, y), None
        if self.row.schedule != "constant":
            examples, keys = handle.stream(self, y, again=True)
            present = sampler.present(examples, keys, handle.strength(self))
        return sampler.block_parts(self.row, tuple(y.shape), draws, present)

    def _bound(self) -> Handle:
        if self.handle is None:
            raise RuntimeError(f"PatternDropout {self.site or self.row} has no random stream yet: call autodropout.attach(model)")
        return self.handle

    def _handle(self, y: Tensor) -> Handle:
        if y.dim() not in ((2, 4) if isinstance(self.row, Block) else (3, 4)):
            wanted = "(N, C, H, W) or (N, C)" if isinstance(self.row, Block) else "(N, T, C) or (N, heads, queries, keys)"
            raise ValueError(f"the pattern at {self.site} drops parts of tensors {wanted}, not of one of shape {tuple(y.shape)}")
        return self._bound()


class _Multiply(torch.autograd.Function):
    """Multiplies by a block's mask. Drawing the mask again in backward takes less
    time than keeping it would."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, *parts: Tensor) -> Tensor:
        ctx.save_for_backward(*parts)
        return _multiply(y, sampler.block_mask(y, *parts))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        parts = ctx.saved_tensors
        return _multiply(grad, sampler.block_mask(grad, *parts)), *[None] * len(parts)


def _multiply(y: Tensor, mask: Tensor) -> Tensor:
    # The factors keep float32's precision where y has less. The mask is nobody else's, and
    # memory that is new costs several times as much as this arithmetic.
    if mask.shape == y.shape and torch.promote_types(mask.dtype, y.dtype) == mask.dtype and not torch.is_grad_enabled():
        return mask.mul_(y).data.to(y.dtype)  # as a tensor of its own, not as the view that a mask may be
    return (y * mask).to(y.dtype)
