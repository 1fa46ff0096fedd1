"""Applies a pattern to a model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from . import networks, sampler
from .attention import AttentionForward
from .networks import Spot
from .pattern import OUTSIDE, PLACES, Block, Pattern, Place, strength
from .place import PatternDropout


@dataclass(eq=False)
class _Hook:
    """What a hook does at the places of a module."""

    places: dict[str, PatternDropout]  # by part, of which only a projection has several
    owner: nn.Module
    sequence_first: bool

    def drop(self, y: Tensor) -> Tensor:
        (place,) = self.places.values()
        if not isinstance(y, Tensor):
            raise TypeError(f"the pattern at {place.site} drops parts of a tensor, and the module returns a {type(y).__name__}")
        first = self.sequence_first and y.dim() == 3  # attention probabilities begin with the batch
        return place.drop(y.transpose(0, 1)).transpose(0, 1) if first else place.drop(y)


class _Output(_Hook):
    def __call__(self, module: nn.Module, args: Any, output: Tensor) -> Tensor | None:
        return self.drop(output) if self.owner.training else None


class _Input(_Hook):
    def __call__(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        return (self.drop(args[0]), *args[1:]) if self.owner.training else None


class _Sum(_Hook):
    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor | None:
        if not self.owner.training:
            return None
        (place,) = self.places.values()
        # The output has the input itself in it.
        return (output + args[0] * place.mask(args[0]).sub_(1)).to(output.dtype)


class _Projection(_Hook):
    def __call__(self, module: nn.Module, args: Any, output: Tensor) -> Tensor | None:
        if not self.owner.training:
            return None
        parts = zip(("query", "key", "value"), output.chunk(3, -1))
        return torch.cat([self.places[part].drop(y) if part in self.places else y for part, y in parts], -1)


class _Words(_Hook):
    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor | None:
        (place,) = self.places.values()
        return place.drop_words(args[0], output, module.num_embeddings) if self.owner.training else None


_HOOKS = {"output": _Output, "input": _Input, "sum": _Sum, "qkv": _Projection, "words": _Words}


class Handle:
    """A pattern that acts in a model: what attach returns.

    Masks depend on the seed, the step and the index of an example within the step.
    Examples are counted over all forward passes of a step, and over all ranks of
    torch.distributed as its DistributedSampler deals them.
    """

    def __init__(self, model: nn.Module, seed: int, rank: int | None, ranks: int | None, batch_axis: int, total: int | None) -> None:
        if not 0 <= seed < 1 << 64:
            raise ValueError(f"the seed must be from 0 to 2^64-1, not {seed}")
        if (rank is None) != (ranks is None) or ranks is not None and not 0 <= (rank or 0) < ranks:
            raise ValueError(f"rank and ranks must be given both, with 0 <= rank < ranks, not {rank} and {ranks}")
        self.model, self.seed, self.batch_axis = model, seed, batch_axis
        self.rank, self.ranks = rank, ranks
        self.steps, self.progress = 0, 0.0  # of the optimizer, and the share of the training
        self.total = total  # steps of the training
        self.strengths = torch.empty(0, dtype=torch.float64)  # of the places
        self.places: list[PatternDropout] = []
        self.first, self.next = torch.zeros((), dtype=torch.int64), torch.zeros((), dtype=torch.int64)  # examples
        self.keys = torch.empty(0, sampler.ROUNDS, 2, dtype=torch.int64)
        self._starts: dict[int, int] = {}  # of the words of places that are drawn together
        self._blocks = self._owners = torch.empty(0, dtype=torch.int64)  # blocks of words, and their places
        self._drawn: Tensor | None = None
        self._hooks: list[tuple[str, _Hook]] = []  # the module's name
        self._removable: list[RemovableHandle] = []
        self._filled: list[str] = []  # blocks that were given a shortcut's module
        self._attentions: list[str] = []  # modules that were given a forward
        self._unfused: list[str] = []  # timm's attentions whose probabilities were not reachable
        self._calls: set[int] = set()  # places of this pass
        self._passes = self._tracked = 0  # since a step, or since a checkpoint computed something again; those with gradients
        self._last = True  # what a checkpoint may compute again is of the last pass

    @property
    def sites(self) -> list[str]:
        """The names of the places where the pattern acts."""
        return [place.site for place in self.places]

    def step(self, progress: float | None = None) -> None:
        """Says that the optimizer has made a step: call it after each, in every epoch.
        progress is the share of the training that is done then, which patterns with a
        schedule need; where it is not given, attach must know the number of steps."""
        if progress is None and self.total:
            progress = (self.steps + 1) / self.total
        if progress is None and any(place.row.schedule != "constant" for place in self.places):
            raise ValueError("the pattern has a schedule: give attach the number of steps, or step the progress of the training")
        if progress is not None:
            self.progress = min(max(progress, 0.0), 1.0)
        self.steps += 1
        self._passes, self._tracked, self._last = 0, 0, True
        self._drawn = None
        self._draw_keys()
        self._ensure()

    def detach(self) -> None:
        """Takes the pattern out of the model."""
        for hook in self._removable:
            hook.remove()
        for name in self._filled:
            self.model.get_submodule(name).downsample = None
        for name in self._attentions:
            del self.model.get_submodule(name).forward
        for name in self._unfused:
            self.model.get_submodule(name).fused_attn = True
        for place in self.places:
            place.handle = None
        for records in (self._hooks, self._removable, self._filled, self._attentions, self._unfused, self.places):
            records.clear()

    def state_dict(self) -> dict[str, Any]:
        """Where the training is, to be saved with it."""
        return {"seed": self.seed, "step": self.steps, "progress": self.progress, "example": int(self.next), "pattern": self._digest()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where a training was."""
        missing = {"seed", "step", "progress", "example", "pattern"} - state.keys()
        if missing:
            raise ValueError(f"the state has no {', '.join(sorted(missing))}: it is not one of autodropout")
        if state["pattern"] != self._digest():
            raise ValueError("the state belongs to another pattern, or to another network: attach the pattern that the training began with")
        self.seed, self.steps, self.progress = state["seed"], state["step"], state["progress"]
        self._draw_keys()
        self.next.fill_(state["example"])

    def _digest(self) -> str:
        rows = "\n".join(f"{place.site} {_whole(place.row)}" for place in self.places)
        return hashlib.sha256(rows.encode()).hexdigest()

    def stream(self, place: PatternDropout, y: Tensor, again: bool = False) -> tuple[Tensor, Tensor]:
        """The examples' indices and the keys of a place in this pass."""
        if not again and not torch.compiler.is_compiling():
            self._check(place)
        return self._examples(y.shape[0]).to(y.device), self.keys[place.index].to(y.device)

    def strength(self, place: PatternDropout) -> Tensor | float:
        return 1.0 if place.row.schedule == "constant" else self.strengths[place.index]

    def words(self, place: PatternDropout, y: Tensor) -> Tensor:
        """The words of a block's mask in this pass."""
        count = sampler.block_draws(place.row, y.shape[1])
        start = self._starts.get(place.index)
        if start is None or self._drawn is None or len(self._drawn) != len(y) or place.channels != y.shape[1]:
            examples, keys = self.stream(place, y)
            return sampler.words(examples, count, keys)
        if not torch.compiler.is_compiling():
            self._check(place)
        return self._drawn[:, start : start + count].to(y.device)

    def _examples(self, n: int) -> Tensor:
        rank, ranks = self._world()
        return (self.first + torch.arange(n, device=self.first.device)) * ranks + rank

    def _draw_words(self, n: int) -> None:
        """Draws for all places whose channels are known at once: for one after the
        other, it would take several times as long."""
        if not self._starts:
            return
        self._drawn = sampler.block_words(self._examples(n), self._blocks, self.keys.index_select(0, self._owners).permute(1, 2, 0))

    def _world(self) -> tuple[int, int]:
        if self.rank is not None and self.ranks is not None:
            return self.rank, self.ranks
        if dist.is_available() and dist.is_initialized():
            return dist.get_rank(), dist.get_world_size()
        return 0, 1

    def _check(self, place: PatternDropout) -> None:
        """Finds out that masks would be drawn twice, or other ones than before."""
        if torch._C._current_graph_task_id() == -1:
            if place.index in self._calls:
                raise RuntimeError(
                    f"{place.site} was computed twice in one pass of the model and would lose the same elements: "
                    "a place must have a module of its own, and passes must go through the model that the pattern is attached to"
                )
            self._calls.add(place.index)
            return
        self._compute_again(place.site)

    def _compute_again(self, what: str) -> None:
        """Lets a checkpoint compute something of the last pass again, and nothing of another."""
        if not self._last:
            raise RuntimeError(
                f"{what} is computed again after {self._passes} passes of the model, and only the masks of the last can be drawn again: "
                "with checkpoints, call backward after every pass"
            )
        self._passes = self._tracked = 0

    def _begin(self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not model.training:
            return
        if not torch.compiler.is_compiling():
            if getattr(model, "_is_replica", False) or isinstance(model, nn.DataParallel) and len(model.device_ids) > 1:
                raise RuntimeError("nn.DataParallel runs copies of the model at the same time, which a pattern cannot count the examples of: use DistributedDataParallel")
            if torch._C._current_graph_task_id() != -1:  # a checkpoint around the model: the examples are those of the pass
                self._compute_again("the model")
                return
        self._ensure()
        batch = _first_tensor((args, kwargs), self.batch_axis)
        if batch is None:
            raise ValueError(f"the model's input has no tensor with a batch on axis {self.batch_axis}, whose examples the pattern counts")
        n = batch.shape[self.batch_axis]
        if self.first.device != batch.device:
            for name in ("first", "next", "keys", "_blocks", "_owners"):
                setattr(self, name, getattr(self, name).to(batch.device))
            if batch.device.type != "mps":  # which has no float64, and takes single numbers from the host
                self.strengths = self.strengths.to(batch.device)
        self.first.copy_(self.next)
        self.next.add_(n)
        self._draw_words(n)
        if not torch.compiler.is_compiling():
            self._calls.clear()
            tracks = torch.is_grad_enabled()
            self._passes, self._tracked = self._passes + 1, self._tracked + tracks
            # A reentrant checkpoint around the model has no gradients in the pass itself.
            self._last = self._passes == 1 or tracks and self._tracked == 1

    def _draw_keys(self) -> None:
        keys = sampler.round_keys([sampler.site_key(place.site, self.seed, self.steps) for place in self.places])
        strengths = torch.tensor([strength(place.row.schedule, self.progress) for place in self.places], dtype=torch.float64)
        if self.keys.shape == keys.shape:  # a compiled program reads these
            self.keys.copy_(keys)
            self.strengths.copy_(strengths)
        else:
            self.keys, self.strengths = keys, strengths
        self.next.zero_()

    # It is so whenever a program is compiled.
    @torch.compiler.assume_constant_result
    def _ensure(self) -> bool:
        """Gives the hooks to modules that have taken the place of others, as those
        of SyncBatchNorm do."""
        for name, hook in self._hooks:
            try:
                module = self.model.get_submodule(name)
            except AttributeError:
                raise RuntimeError(f"the model has no module {name} any more, where a pattern acts: detach it, and attach it to the model as it is") from None
            if hook not in (module._forward_pre_hooks if isinstance(hook, _Input) else module._forward_hooks).values():
                self._register(module, hook)
        return True

    def _register(self, module: nn.Module, hook: _Hook) -> None:
        register = module.register_forward_pre_hook if isinstance(hook, _Input) else module.register_forward_hook
        self._removable.append(register(hook))

    def _add(self, place: PatternDropout) -> PatternDropout:
        place.handle, place.index = self, len(self.places)
        self.places.append(place)
        return place

    def _attach(self, spot: Spot, row: Block | Place) -> None:
        place, module = self._add(PatternDropout(row, spot.site)), self.model.get_submodule(spot.module)
        place.channels = spot.channels
        if spot.how == "downsample":
            module.downsample = place.train(module.training)
            self._filled.append(spot.module)
            return
        if spot.how == "attention":
            if "forward" not in vars(module):
                module.forward = AttentionForward(module)
                self._attentions.append(spot.module)
            module.forward.places[spot.part] = place
            return
        owner = self.model.get_submodule(spot.owner)
        if spot.part == "probability" and getattr(owner, "fused_attn", False):
            owner.fused_attn = False
            self._unfused.append(spot.owner)
        for name, hook in self._hooks:
            if name == spot.module and isinstance(hook, _Projection):
                hook.places[spot.part] = place
                return
        hook = _HOOKS[spot.how]({spot.part: place}, owner, spot.sequence_first)
        self._hooks.append((spot.module, hook))
        self._register(module, hook)

    def _start(self) -> None:
        duplicates = {s for s in self.sites if self.sites.count(s) > 1}
        if duplicates:
            raise ValueError(f"two places are called {min(duplicates)}, and would lose the same elements")
        blocks: list[Tensor] = []
        for place in self.places:
            if isinstance(place.row, Block) and place.channels and not place.row.scatter:
                self._starts[place.index] = 4 * sum(map(len, blocks))
                blocks.append(torch.arange((sampler.block_draws(place.row, place.channels) + 3) // 4))
        if blocks:
            self._blocks = torch.cat(blocks)
            self._owners = torch.tensor(list(self._starts)).repeat_interleave(torch.tensor([len(b) for b in blocks]))
        self._removable.append(self.model.register_forward_pre_hook(self._begin, with_kwargs=True))
        self._draw_keys()


def attached(model: nn.Module) -> Handle | None:
    """Returns the handle of the pattern that acts in a model. A copy of a model, or
    one that torch.load read, has a handle of its own."""
    for hook in model._forward_pre_hooks.values():
        handle = getattr(hook, "__self__", None)
        if isinstance(handle, Handle):
            return handle
    return None


def attach(
    model: nn.Module,
    pattern: Pattern | None = None,
    names: Sequence[Sequence[Sequence[str]]] | Mapping[str, Sequence[str]] | None = None,
    shortcuts: Sequence[Sequence[Sequence[str]]] | None = None,
    *,
    seed: int = 0,
    rank: int | None = None,
    ranks: int | None = None,
    batch_axis: int | None = None,
    steps: int | None = None,
) -> Handle:
    """Lets a pattern act in a model while it trains.

    It finds the places by itself in the networks that package networks knows. In
    others, name the modules at whose outputs it acts. For a ConvNet names[s][b] are
    the normalisations in block b of stage s, and shortcuts[s][b] the modules that
    compute its shortcut, which patterns with "residual" drop as well; for a
    Transformer, names maps places to modules, and what it does not map is found; their
    outputs have the batch on the axis on which the model's input has it. Modules of kind PatternDropout in the
    model act too: for a model that has them, no pattern need be given.

    steps is the number of the optimizer's steps in the whole training, for patterns
    with a schedule. rank and ranks are those of data parallelism; by default torch.distributed's.
    batch_axis is that of the model's input; by default 0, or 1 for layers without
    batch_first.

    Attach before torch.compile. Errors are ValueErrors.
    """
    if hasattr(model, "_orig_mod"):
        raise ValueError("attach the pattern to the model before torch.compile, which does not see hooks that come later")
    if attached(model) is not None:
        raise ValueError("a pattern acts in this model already: detach it first")
    if pattern is None and names is not None:
        raise ValueError("names say where a pattern acts, and there is no pattern")
    if batch_axis is None:
        batch_axis = int(pattern is not None and pattern.kind == "sequence" and any(spot.sequence_first for spot in networks.sequence_spots(model)))
    if pattern is None:
        spots = []
    elif pattern.kind == "convnet":
        spots = list(_conv_spots(model, pattern, names, shortcuts))
    else:
        spots = list(_sequence_spots(model, pattern, names, batch_axis == 1))
    _check_modules(model, [spot for spot, _ in spots])
    handle = Handle(model, seed, rank, ranks, batch_axis, steps)
    for name, module in model.named_modules():
        if isinstance(module, PatternDropout):
            module.site = module.site or name
            handle._add(module)
    if pattern is None and not handle.places:
        raise ValueError("the model has no PatternDropout: give attach a pattern")
    try:
        for spot, row in spots:
            handle._attach(spot, row)
        handle._start()
    except ValueError:
        handle.detach()
        raise
    return handle


def _conv_spots(model: nn.Module, pattern: Pattern, names: Any, shortcuts: Any) -> Iterator[tuple[Spot, Block]]:
    if isinstance(names, Mapping):
        raise ValueError("the pattern is one for ConvNets: names must be lists of stages, of blocks, and of names in each block")
    stages = networks.conv_stages(model) if names is None else networks.named_stages(names, shortcuts)
    if not stages:
        raise ValueError(f"attach does not know the residual blocks of {type(model).__name__}: give it names, the normalisations of each block of each stage")
    unmet, features = set(), networks.features(model)
    for s, (blocks, rows) in enumerate(zip(stages, pattern.resize([len(blocks) for blocks in stages]))):
        for b, (block, row) in enumerate(zip(blocks, rows)):
            if not row.acts:
                continue
            if row.place == "features":
                spots = features if s == len(stages) - 1 and b == len(blocks) - 1 else ()
                met = bool(features)
            else:
                spots = getattr(block, row.place)
                met = any(getattr(other, row.place) for stage in stages for other in stage)
            if not met:
                unmet.add(row.place)
            yield from ((spot, row) for spot in spots + (block.shortcut if row.residual else ()))
    if unmet:
        raise ValueError(f"the pattern acts at {min(unmet)}, and no block of the model has such a place that attach knows: give it names")


def _sequence_spots(model: nn.Module, pattern: Pattern, names: Any, sequence_first: bool) -> Iterator[tuple[Spot, Place]]:
    if names is not None and not isinstance(names, Mapping):
        raise ValueError("the pattern is one for sequences: names must map its places to lists of modules")
    unknown = set(names or ()) - {*PLACES, *OUTSIDE}
    if unknown:
        raise ValueError(f"{min(unknown)} is not a place of patterns; those are {', '.join(PLACES + OUTSIDE)}")
    spots = [*networks.named_places(names or {}, sequence_first), *(spot for spot in networks.sequence_spots(model) if spot.part not in (names or {}))]
    if not spots:
        raise ValueError(f"attach does not know the layers of {type(model).__name__}: give it names, the modules for each place")
    for part, row in pattern.places.items():
        at = [spot for spot in spots if spot.part == part]
        if row.acts and not at:
            raise ValueError(f"the pattern acts at {part}, and the model has no such place: give its modules in names")
        yield from ((spot, row) for spot in at if row.acts)


def _check_modules(model: nn.Module, spots: Sequence[Spot]) -> None:
    """Finds names of no module, and modules that several places would share."""
    names: dict[int, str] = {}
    modules = dict(model.named_modules(remove_duplicate=False))
    for spot in spots:
        if spot.module not in modules:
            raise ValueError(f"the model has no module {spot.module}; its modules are those of model.named_modules()")
    used = {spot.module for spot in spots}
    for name, module in modules.items():
        other = names.setdefault(id(module), name)
        if other != name and (name in used or other in used):
            raise ValueError(f"{other} and {name} are one module, and would lose the same elements: a place must have a module of its own")


def _whole(row: Block | Place) -> Block | Place:
    """The row with whole numbers as such: in one file 1 may stand, in another 1.0."""
    whole: dict[str, Any] = {name: int(v) for name, v in vars(row).items() if isinstance(v, float) and v.is_integer()}
    return replace(row, **whole)


def _first_tensor(value: Any, axis: int) -> Tensor | None:
    """The first tensor with an axis in what a model was called with."""
    if isinstance(value, Tensor):
        return value if value.dim() > axis else None
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    for member in members:
        found = _first_tensor(member, axis)
        if found is not None:
            return found
    return None
