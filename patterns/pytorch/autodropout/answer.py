"""The answer of a training to a search, by doc/external-protocol.md."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterable, Mapping

EPOCH = ("train_loss", "valid_loss", "valid_score")


def answer(
    reward: float | None = None,
    *,
    values: Mapping[str, float] | None = None,
    epochs: Iterable[Mapping[str, float | None]] | None = None,
    diverged: bool = False,
    folder: str | os.PathLike[str] | None = None,
) -> None:
    """Writes result.json, the answer to the search that started this program: the
    reward, the higher the better, or that the training has diverged. values has
    numbers by name. epochs has a mapping for each epoch, in order, with any of
    train_loss, valid_loss and valid_score: they become curves of the report. The
    folder is the one that the search names, or else the working directory. A
    program that is stopped leaves no half of an answer."""
    if reward is None and not diverged:
        raise ValueError("an answer has a reward, or has diverged")
    content: dict[str, object] = {}
    if reward is not None:
        content["reward"] = float(reward)
    if values is not None:
        content["values"] = {name: float(value) for name, value in values.items()}
    if epochs is not None:
        content["epochs"] = [_epoch(epoch) for epoch in epochs]
    if diverged:
        content["diverged"] = True
    path = pathlib.Path(folder if folder is not None else os.environ.get("AUTODROPOUT_FOLDER") or ".") / "result.json"
    path.with_suffix(".tmp").write_text(json.dumps(content))
    os.replace(path.with_suffix(".tmp"), path)


def _epoch(epoch: Mapping[str, float | None]) -> dict[str, float | None]:
    unknown = sorted(set(epoch) - set(EPOCH))
    if unknown:
        raise ValueError(f"an epoch has {', '.join(EPOCH)}, not {', '.join(unknown)}")
    return {name: None if value is None else float(value) for name, value in epoch.items()}
