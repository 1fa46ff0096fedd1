"""Pattern files, as doc/pattern-format.md specifies them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

# Where a pattern for sequences acts in the layers of a Transformer, and outside of them.
PLACES = ("query", "key", "value", "probability", "projection", "inner", "output")
OUTSIDE = ("words", "input", "final")

_LARGEST = 1 << 20  # bytes of a file, far above any pattern's


@dataclass(frozen=True)
class Block:
    """The dropout pattern of one residual block."""

    size: float
    stride: float
    repeat: int
    rotate: float
    shear_x: float
    shear_y: float
    share_c: bool
    residual: bool
    place: str = "norm"
    cells: int = 0
    aspect: str = "1:1"
    scatter: float = 0
    schedule: str = "constant"

    @property
    def acts(self) -> bool:
        return self.size > 0


@dataclass(frozen=True)
class Place:
    """The dropout pattern of one place in the layers of a Transformer."""

    size: int
    stride: int
    share_t: bool
    share_c: bool
    drop: float
    schedule: str = "constant"

    @property
    def acts(self) -> bool:
        return self.drop > 0


def strength(schedule: str, progress: float) -> float:
    """How strongly a pattern acts when this share of a training is done."""
    return {"constant": 1.0, "up": progress, "down": 1 - progress, "off": 1.0 if progress < 0.75 else 0.0}[schedule]


@dataclass(frozen=True)
class Pattern:
    """A learned pattern: the stages of a ConvNet, or the places of a Transformer."""

    stages: tuple[tuple[Block, ...], ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    origin: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return "convnet" if self.stages else "sequence"

    def resize(self, blocks: Sequence[int]) -> list[list[Block]]:
        """The blocks' patterns for a network with other numbers of blocks in as many
        stages, by relative depth."""
        if len(self.stages) != len(blocks):
            raise ValueError(f"the pattern has {len(self.stages)} stages and the network {len(blocks)}; a pattern fits networks with as many stages as the one it was found on")
        return [
            [stage[0 if n == 1 else (2 * i * (len(stage) - 1) + n - 2) // (2 * (n - 1))] for i in range(n)]
            for stage, n in zip(self.stages, blocks)
        ]


# The fields of a file: the range of a number, whole numbers as such, or the words.
_SCHEDULE = {"schedule": ("constant", "up", "down", "off")}
_BLOCK = {
    "size": (0, 1), "stride": (0.01, 1), "repeat": (1, 64, int), "rotate": (-180, 180), "shear_x": (-1, 1),
    "shear_y": (-1, 1), "share_c": bool, "residual": bool,
}  # fmt: skip
_BLOCK2 = {
    **_BLOCK, "place": ("norm", "hidden", "branch", "features"), "cells": (0, 64, int), "aspect": ("1:1", "1:full", "full:1"),
    "scatter": (0, 0.95), **_SCHEDULE,
}  # fmt: skip
_PLACE = {"size": (1, 4096, int), "stride": (0, 4096, int), "share_t": bool, "share_c": bool, "drop": (0, 0.95)}
_PLACE2 = {**_PLACE, **_SCHEDULE}
_ORIGIN = ("task", "model", "search", "reward", "date", "note")


def load(path: str | os.PathLike[str]) -> Pattern:
    """Reads a pattern from a file."""
    with open(path, "rb") as f:
        data = f.read(_LARGEST + 1)
    try:
        if len(data) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes, too large for a pattern")
        return parse(data)
    except ValueError as e:
        raise ValueError(f"pattern file {os.fspath(path)}: {e}") from None


def save(pattern: Pattern, path: str | os.PathLike[str]) -> None:
    """Writes a pattern to a file, which appears whole or not at all."""
    text = dumps(pattern)
    part = f"{os.fspath(path)}.{os.getpid()}.tmp"
    with open(part, "w", encoding="utf-8", newline="\n") as f:
        f.write(text)
    os.replace(part, path)


def dumps(pattern: Pattern) -> str:
    """Returns the content of a pattern's file, of the first version that can hold it: the
    very text that the Go package writes."""
    rows = [block for stage in pattern.stages for block in stage] + list(pattern.places.values())
    outside = bool(set(OUTSIDE) & set(pattern.places))
    first, second = (_BLOCK, _BLOCK2) if pattern.stages else (_PLACE, _PLACE2)
    plain = all(getattr(row, name) == type(row).__dataclass_fields__[name].default for row in rows for name in second if name not in first)
    version = 1 if plain and not outside else 2
    fields = first if version == 1 else second

    def members(row: Block | Place) -> str:
        return "{" + ", ".join(f'"{name}": {_json(getattr(row, name))}' for name in fields) + "}"

    lines = ["{", f'  "version": {version},', f'  "kind": "{pattern.kind}",']
    given = _origin(pattern.origin)
    known = [f'"{name}":{_origin_json(given[name])}' for name in _ORIGIN if given.get(name)]  # what is empty is left out
    if known:
        lines.append(f'  "origin": {{{",".join(known)}}},')
    if pattern.stages:
        stages = ["    [\n" + ",\n".join(f"      {members(block)}" for block in stage) + "\n    ]" for stage in pattern.stages]
        lines.append('  "stages": [\n' + ",\n".join(stages) + "\n  ]")
    else:
        places = [f'    "{name}": {members(pattern.places[name])}' for name in PLACES + OUTSIDE if name in pattern.places]
        lines.append('  "places": {\n' + ",\n".join(places) + "\n  }")
    text = "\n".join(lines) + "\n}\n"
    parse(text)  # what it does not read is not written
    return text


def _json(value: float | int | bool | str) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False)


def _origin_json(value: float | str) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    text = json.dumps(float(value))  # NaN is refused later
    if 1e-6 <= abs(value) < 1e21:
        return format(Decimal(text), "f").removesuffix(".0")
    return text.replace("e-0", "e-").removesuffix(".0")


def parse(data: str | bytes) -> Pattern:
    """Returns the pattern in the content of a file."""
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        file = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as e:
        raise ValueError(f"line {e.lineno} is not valid JSON: {e.msg}") from None
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply for a pattern") from None
    if not isinstance(file, dict):
        raise ValueError("the file must be an object in braces")
    version = file.get("version", 1)
    if isinstance(version, bool) or version not in (1, 2):
        raise ValueError(f"version is {json.dumps(version)}, and this package reads versions 1 and 2")
    kind = file.get("kind")
    content = {"convnet": "stages", "sequence": "places"}.get(kind) if isinstance(kind, str) else None
    if "kind" in file and content is None:
        raise ValueError(f'kind is {json.dumps(kind)}, and patterns have kind "convnet" or "sequence"')
    _members(file, "", ("version", "kind", content or "stages"), ("origin",))
    origin = _origin(file.get("origin", {}))
    if content == "places":
        fields = _PLACE if version == 1 else _PLACE2
        outside = OUTSIDE if version == 2 and isinstance(file["places"], dict) and set(OUTSIDE) & set(file["places"]) else ()
        places = _members(file["places"], "places", PLACES + outside)
        return Pattern(places={name: Place(**_values(v, f"places.{name}", fields)) for name, v in places.items()}, origin=origin)
    fields = _BLOCK if version == 1 else _BLOCK2
    stages = _list(file["stages"], "stages")
    return Pattern(
        stages=tuple(
            tuple(Block(**_values(block, f"stages[{s}][{b}]", fields)) for b, block in enumerate(_list(stage, f"stages[{s}]")))
            for s, stage in enumerate(stages)
        ),
        origin=origin,
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)} is given twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{path} must be a list of at least one member")
    return value


def _members(value: Any, path: str, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    name, prefix = path or "the file", path + "." if path else ""
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object in braces")
    for k in value:
        if k not in required and k not in optional:
            raise ValueError(f"{prefix}{k} is not a known field; the fields of {name} are {', '.join([*required, *optional])}")
    for k in required:
        if k not in value:
            raise ValueError(f"{prefix}{k} is missing")
    return value


def _values(value: Any, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    members = _members(value, path, tuple(fields))
    return {name: _value(members[name], f"{path}.{name}", want) for name, want in fields.items()}


def _value(v: Any, path: str, want: Any) -> float | int | bool | str:
    if want is bool:
        if not isinstance(v, bool):
            raise ValueError(f"{path} must be true or false, not {json.dumps(v)}")
        return v
    if isinstance(want[0], str):
        if v not in want:
            raise ValueError(f"{path} must be one of {', '.join(map(json.dumps, want))}, not {json.dumps(v)}")
        return v
    low, high, *whole = want
    number = isinstance(v, (int, float)) and not isinstance(v, bool)
    if not number or not low <= v <= high or whole and v != math.trunc(v):
        raise ValueError(f"{path} must be a {'whole ' if whole else ''}number from {low} to {high}, not {json.dumps(v)}")
    return int(v) if whole else v


def _origin(value: Any) -> dict[str, str | float]:
    for name, v in _members(value, "origin", (), _ORIGIN).items():
        number = isinstance(v, (int, float)) and not isinstance(v, bool)
        if not (number if name == "reward" else isinstance(v, str)):
            raise ValueError(f"origin.{name} must be a {'number' if name == 'reward' else 'text in quotes'}, not {json.dumps(v)}")
    return value
