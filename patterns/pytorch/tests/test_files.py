"""Writes pattern files as the Go package does, letter for letter."""

import json
import pathlib
from dataclasses import replace

import pytest

import autodropout
from autodropout import Block, Pattern, Place

PATTERNS = pathlib.Path(__file__).parents[2]
FILES = json.loads((PATTERNS / "testdata" / "files.json").read_text(encoding="utf-8"))
FILES += [path.read_text(encoding="utf-8") for path in sorted(PATTERNS.glob("*.json"))]


@pytest.mark.parametrize("text", FILES)
def test_written_as_read(text, tmp_path):
    pattern = autodropout.parse(text)
    assert autodropout.dumps(pattern) == text
    autodropout.save(pattern, tmp_path / "p.json")
    assert (tmp_path / "p.json").read_bytes().decode() == text
    assert autodropout.load(tmp_path / "p.json") == pattern
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


BLOCK = Block(size=0.25, stride=0.5, repeat=2, rotate=30, shear_x=0, shear_y=0.1, share_c=True, residual=False)
PLACE = Place(size=1, stride=0, share_t=False, share_c=False, drop=0.5)
PLACES = {name: PLACE for name in autodropout.pattern.PLACES}


@pytest.mark.parametrize(
    "pattern, version",
    [
        (Pattern(stages=((BLOCK,),)), 1),
        (Pattern(stages=((BLOCK, replace(BLOCK, scatter=0.1)),)), 2),
        (Pattern(stages=((replace(BLOCK, place="branch"),),)), 2),
        (Pattern(places=PLACES), 1),
        (Pattern(places={**PLACES, "key": replace(PLACE, schedule="up")}), 2),
        (Pattern(places={**PLACES, **{name: PLACE for name in autodropout.pattern.OUTSIDE}}), 2),
    ],
)
def test_version(pattern, version):
    """The first version that can hold a pattern."""
    assert json.loads(autodropout.dumps(pattern))["version"] == version
    assert autodropout.parse(autodropout.dumps(pattern)) == pattern


def test_empty_origin():
    """What an origin does not say is left out, as in Go."""
    plain = Pattern(stages=((BLOCK,),))
    assert autodropout.dumps(replace(plain, origin={"note": "", "reward": 0.0})) == autodropout.dumps(plain)
    with pytest.raises(ValueError, match="origin.author is not a known field"):
        autodropout.dumps(replace(plain, origin={"author": "me"}))


@pytest.mark.parametrize(
    "pattern, message",
    [
        (Pattern(stages=((replace(BLOCK, size=2),),)), r"stages\[0\]\[0\].size must be a number from 0 to 1, not 2"),
        (Pattern(stages=((replace(BLOCK, rotate=float("nan")),),)), "no number of JSON"),
        (Pattern(stages=((),)), r"stages\[0\] must be a list"),
        (Pattern(places={"query": PLACE}), "places.key is missing"),
        (Pattern(), "places.query is missing"),
    ],
)
def test_nothing_is_written_that_cannot_be_read(pattern, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        autodropout.save(pattern, tmp_path / "p.json")
    assert not list(tmp_path.iterdir())


def test_kind_that_is_no_text(tmp_path):
    (tmp_path / "p.json").write_text('{"version": 1, "kind": ["convnet"], "stages": [[]]}')
    with pytest.raises(ValueError, match=r'p.json: kind is \["convnet"\], and patterns have kind'):
        autodropout.load(tmp_path / "p.json")
