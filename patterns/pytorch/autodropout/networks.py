"""Finds where a pattern acts in networks of torchvision, timm and PyTorch.

Sites have the names that the Go package models gives them, where it has the
network: torchvision's and timm's ResNets and timm's EfficientNets by their
modules' names, torchvision's EfficientNets by timm's, and Transformers by those of
nn.Transformer. So a pattern drops the same elements in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from torch import nn

How = Literal["output", "input", "sum", "downsample", "qkv", "attention", "words"]


@dataclass(frozen=True)
class Spot:
    """A place in a model where dropout acts.

    how says at what: at the module's output or input; at the module's own input
    where it is added at the end ("sum"); at a shortcut for which the module has
    room, but no module ("downsample"); at a third of a projection ("qkv"); inside of
    nn.MultiheadAttention ("attention"); or at the words of an nn.Embedding. part is a place of a pattern for sequences.
    """

    site: str
    module: str
    how: How
    owner: str  # the module that says whether the place trains
    part: str = ""
    sequence_first: bool = False  # (T, N, C)
    channels: int = 0  # of the tensor, where it is known


@dataclass(frozen=True)
class BlockSpots:
    """The places of a residual block: its normalisations, what is between its
    convolutions, the end of its branch, and its shortcut."""

    norm: tuple[Spot, ...]
    shortcut: tuple[Spot, ...]
    branch: tuple[Spot, ...] = ()
    hidden: tuple[Spot, ...] = ()


def conv_stages(model: nn.Module) -> list[list[BlockSpots]]:
    """The residual blocks of a ConvNet. Blocks with one parent are a stage."""
    stages: dict[str, list[BlockSpots]] = {}
    inverted: dict[str, int] = {}  # torchvision's stages, which timm numbers from 0
    for name, module in model.named_modules():
        if not name:
            continue
        parent = name.rpartition(".")[0]
        if _has(module, "conv1", "bn1", "conv2", "bn2", "downsample"):
            block = _resnet_block(name, module)
        elif _has(module, "conv1", "bn1", "conv2", "bn2", "convShortcut"):
            block = _wide_block(name, module)
        elif _has(module, "use_res_connect", "block"):
            stage = inverted.setdefault(parent, len(inverted))
            root = parent.rpartition(".")[0].rpartition(".")[0]
            prefix = _join(root, f"blocks.{stage}.{len(stages.get(parent, []))}")
            block = _torchvision_inverted_block(name, module, prefix)
        elif _has(module, "has_skip", "bn1"):
            block = _timm_inverted_block(name, module)
        else:
            continue
        stages.setdefault(parent, []).append(block)
    return list(stages.values())


def _has(module: nn.Module, *names: str) -> bool:
    return all(hasattr(module, name) for name in names)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _norm(module: nn.Module, name: str) -> str:
    """The module whose output is that of a normalisation, before the activation
    that timm's may have inside."""
    return f"{name}.drop" if _has(module, "drop", "act") else name


def _numbered_norms(name: str, module: nn.Module) -> tuple[Spot, ...]:
    norms = {f"{name}.{n}": getattr(module, n) for n in ("bn1", "bn2", "bn3") if hasattr(module, n)}
    return tuple(Spot(site, _norm(norm, site), "output", name, channels=_channels(norm)) for site, norm in norms.items())


def _channels(norm: nn.Module) -> int:
    weight = getattr(norm, "weight", None)
    return 0 if weight is None else len(weight)


def _resnet_block(name: str, module: nn.Module) -> BlockSpots:
    norms, site = _numbered_norms(name, module), f"{name}.shortcut"
    if module.downsample is None:
        shortcut = Spot(site, name, "downsample", name, channels=norms[-1].channels)
    else:
        shortcut = Spot(site, f"{name}.downsample", "output", name, channels=norms[-1].channels)
    return BlockSpots(norms, (shortcut,), (_branch(name, norms),))


def _branch(name: str, norms: tuple[Spot, ...]) -> Spot:
    """The end of a branch that ends with a normalisation."""
    return replace(norms[-1], site=f"{name}.branch")


def _wide_block(name: str, module: nn.Module) -> BlockSpots:
    # A convolution in the shortcut takes what the first one takes, undropped. So the
    # masks act behind the ReLUs, through which they pass unchanged.
    norms = tuple(Spot(f"{name}.bn{i}", f"{name}.conv{i}", "input", name, channels=_channels(getattr(module, f"bn{i}"))) for i in (1, 2))
    shortcut, how = (f"{name}.convShortcut", "output") if isinstance(module.convShortcut, nn.Module) else (name, "sum")
    return BlockSpots(
        norms,
        (Spot(f"{name}.shortcut", shortcut, how, name, channels=module.conv2.out_channels),),
        (Spot(f"{name}.branch", f"{name}.conv2", "output", name, channels=module.conv2.out_channels),),
        (replace(norms[1], site=f"{name}.hidden"),),
    )


def _torchvision_inverted_block(name: str, module: nn.Module, site: str) -> BlockSpots:
    found = [(n, m) for n, m in module.named_modules() if hasattr(m, "running_mean")]
    norms = tuple(Spot(f"{site}.bn{i + 1}", f"{name}.{n}", "output", name, channels=_channels(m)) for i, (n, m) in enumerate(found))
    return _inverted_block(name, site, norms, module.use_res_connect)


def _timm_inverted_block(name: str, module: nn.Module) -> BlockSpots:
    return _inverted_block(name, name, _numbered_norms(name, module), module.has_skip)


def _inverted_block(name: str, site: str, norms: tuple[Spot, ...], residual: bool) -> BlockSpots:
    if not residual:
        return BlockSpots(norms, ())
    return BlockSpots(norms, (Spot(f"{site}.shortcut", name, "sum", name, channels=norms[-1].channels),), (_branch(site, norms),))


def features(model: nn.Module) -> tuple[Spot, ...]:
    """The input of the classifier, the last linear layer."""
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    return (Spot("features", linear[-1], "input", ""),) if linear else ()


def named_stages(names: Sequence[Sequence[Sequence[str]]], shortcuts: Sequence[Sequence[Sequence[str]]] | None) -> list[list[BlockSpots]]:
    """The blocks whose modules a caller names, block by block, stage by stage."""

    def spots(block: Sequence[str]) -> tuple[Spot, ...]:
        if isinstance(block, str):
            raise ValueError(f"names must be lists of stages, of blocks, and of names in each block; {block!r} is where a block must be")
        return tuple(Spot(name, name, "output", name.rpartition(".")[0]) for name in block)

    if shortcuts is not None and [len(stage) for stage in shortcuts] != [len(stage) for stage in names]:
        raise ValueError("shortcuts must have as many stages and blocks as names")
    return [
        [BlockSpots(spots(block), spots(shortcuts[s][b]) if shortcuts else (), spots(block), spots(block)) for b, block in enumerate(stage)]
        for s, stage in enumerate(names)
    ]


def sequence_spots(model: nn.Module) -> Iterator[Spot]:
    """The places in the layers of Transformers."""
    for name, module in model.named_modules():
        if isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
            attentions = [a for a in ("self_attn", "multihead_attn") if hasattr(module, a)]
            for a in attentions:
                yield from _attention(_join(name, a))
            yield from _feed_forward(name, "linear2", not module.self_attn.batch_first)
        elif isinstance(getattr(module, "self_attention", None), nn.MultiheadAttention) and hasattr(module, "mlp"):
            yield from _attention(_join(name, "self_attention"))
            linear = [f"mlp.{n}" for n, m in module.mlp.named_modules() if isinstance(m, nn.Linear)]
            yield from _feed_forward(name, linear[-1], False)
        elif _has(module, "attn", "mlp") and _has(module.attn, "qkv", "attn_drop", "proj") and _has(module.mlp, "fc1", "fc2"):
            attention = _join(name, "attn")
            for part in ("query", "key", "value"):
                yield Spot(f"{attention}.{part}", f"{attention}.qkv", "qkv", attention, part)
            yield Spot(f"{attention}.probability", f"{attention}.attn_drop", "output", attention, "probability")
            yield Spot(f"{attention}.projection", f"{attention}.proj", "output", attention, "projection")
            yield from _feed_forward(name, "mlp.fc2", False)


def _attention(name: str) -> Iterator[Spot]:
    for part in ("query", "key", "value", "probability", "projection"):
        yield Spot(f"{name}.{part}", name, "attention", name, part)


def _feed_forward(name: str, last: str, sequence_first: bool) -> Iterator[Spot]:
    last = _join(name, last)
    yield Spot(_join(name, "inner"), last, "input", name, "inner", sequence_first)
    yield Spot(_join(name, "output"), last, "output", name, "output", sequence_first)


def named_places(names: Mapping[str, Sequence[str]], sequence_first: bool) -> Iterator[Spot]:
    """The modules that a caller names for each place."""
    for part, modules in names.items():
        for name in modules:
            yield Spot(name, name, "words" if part == "words" else "output", name.rpartition(".")[0], part, sequence_first)
