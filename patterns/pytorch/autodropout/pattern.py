"""Pattern files."""
import json


def load(path):
    """Returns the pattern in a file, a dictionary."""
    with open(path) as f:
        pattern = json.load(f)
    if pattern["version"] != 1 or pattern["kind"] not in ("convnet", "sequence"):
        raise ValueError(f"{path}: version 1 of kind convnet or sequence can be read, not {pattern['version']} of {pattern['kind']}")
    return pattern


def resize(stages, blocks):
    """Fits the stages of a pattern to other numbers of blocks, by relative depth."""
    if len(stages) != len(blocks):
        raise ValueError(f"the pattern has {len(stages)} stages and the network {len(blocks)}")
    return [
        [stage[0 if n == 1 else (2 * i * (len(stage) - 1) + n - 2) // (2 * (n - 1))] for i in range(n)]
        for stage, n in zip(stages, blocks)
    ]
