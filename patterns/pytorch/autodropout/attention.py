"""nn.MultiheadAttention with dropout inside, which hooks do not reach."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .place import PatternDropout


class AttentionForward:
    """What a module of multi-head attention does while it trains, in place of its
    forward: the same, with dropout at the places of a pattern."""

    def __init__(self, module: nn.MultiheadAttention) -> None:
        if module.bias_k is not None or module.add_zero_attn:
            raise ValueError("a pattern does not act in nn.MultiheadAttention with add_bias_kv or add_zero_attn")
        self.module = module
        self.places: dict[str, PatternDropout] = {}

    def _drop(self, part: str, y: Tensor) -> Tensor:
        return self.places[part].drop(y) if part in self.places else y

    def _projections(self) -> list[tuple[Tensor, Tensor | None]]:
        m = self.module
        weights = m.in_proj_weight.chunk(3) if m.in_proj_weight is not None else (m.q_proj_weight, m.k_proj_weight, m.v_proj_weight)
        biases = m.in_proj_bias.chunk(3) if m.in_proj_bias is not None else (None, None, None)
        return list(zip(weights, biases))

    def __call__(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        m = self.module
        if not m.training:
            return type(m).forward(m, query, key, value, key_padding_mask, need_weights, attn_mask, average_attn_weights, is_causal)
        single = query.dim() == 2
        batch = 0 if m.batch_first or single else 1  # the axis
        inputs = [x.unsqueeze(0) if single else x.transpose(0, batch) for x in (query, key, value)]
        q, k, v = (
            self._drop(part, F.linear(x, weight, bias))
            for part, x, (weight, bias) in zip(("query", "key", "value"), inputs, self._projections())
        )
        n, length = q.shape[:2]
        q, k, v = (x.unflatten(-1, (m.num_heads, -1)).transpose(1, 2) for x in (q, k, v))
        bias = _bias(attn_mask, key_padding_mask, n, m.num_heads, q.dtype)
        weights = None
        if need_weights or "probability" in self.places:
            scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-2, -1)
            weights = (scores if bias is None else scores + bias).softmax(-1)
            weights = self._drop("probability", F.dropout(weights, m.dropout))
            y = weights @ v.to(weights.dtype)
        else:
            y = F.scaled_dot_product_attention(q, k, v, bias, m.dropout)
        y = y.transpose(1, 2).reshape(n, length, -1)
        y = self._drop("projection", F.linear(y, m.out_proj.weight, m.out_proj.bias))
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        if single:
            return y.squeeze(0), weights.squeeze(0) if weights is not None and need_weights else None
        return y.transpose(0, batch), weights if need_weights else None


def _bias(attn_mask: Tensor | None, padding: Tensor | None, n: int, heads: int, dtype: torch.dtype) -> Tensor | None:
    """What is added to attention's scores (N, heads, queries, keys)."""
    bias = None
    if attn_mask is not None:
        bias = _additive(attn_mask, dtype)
        bias = bias.view(n, heads, *bias.shape[1:]) if bias.dim() == 3 else bias
    if padding is not None:
        padded = _additive(padding, dtype).view(n, 1, 1, -1)
        bias = padded if bias is None else bias + padded
    return bias


def _additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(mask, -math.inf)
