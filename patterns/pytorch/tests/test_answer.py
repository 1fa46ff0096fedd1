"""The answer that a training writes for a search."""

import json
import math

import pytest

import autodropout


def read(folder):
    assert [p.name for p in folder.iterdir()] == ["result.json"]
    return json.loads((folder / "result.json").read_text())


def test_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTODROPOUT_FOLDER", str(tmp_path))
    autodropout.answer(0.9, values={"error": 10}, epochs=[{"train_loss": 2, "valid_loss": 1.5}, {"valid_score": None}])
    assert read(tmp_path) == {"reward": 0.9, "values": {"error": 10}, "epochs": [{"train_loss": 2, "valid_loss": 1.5}, {"valid_score": None}]}
    autodropout.answer(diverged=True)
    assert read(tmp_path) == {"diverged": True}
    autodropout.answer(math.nan)
    assert math.isnan(read(tmp_path)["reward"])


def test_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTODROPOUT_FOLDER", raising=False)
    monkeypatch.chdir(tmp_path)
    autodropout.answer(1)
    assert read(tmp_path) == {"reward": 1.0}


def test_wrong(tmp_path):
    with pytest.raises(ValueError, match="has a reward, or has diverged"):
        autodropout.answer(folder=tmp_path)
    with pytest.raises(ValueError, match="valid_score, not accuracy, loss"):
        autodropout.answer(1, epochs=[{"loss": 1, "accuracy": 2}], folder=tmp_path)
    assert not list(tmp_path.iterdir())
