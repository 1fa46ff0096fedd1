"""Reads a checkpoint with the Python library and compares it with its bytes."""
import json, struct, sys
import safetensors, torch
from safetensors import safe_open
from safetensors.torch import load_file
print("safetensors", safetensors.__version__)
for path in sys.argv[1:]:
    raw = open(path, "rb").read()
    size, = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + size])
    with safe_open(path, framework="pt") as f:
        names, metadata = list(f.keys()), f.metadata()
    tensors = load_file(path)
    assert set(names) == set(tensors) == set(header) - {"__metadata__"}
    for name, t in tensors.items():
        lo, hi = header[name]["data_offsets"]
        want = torch.frombuffer(bytearray(raw[8 + size + lo:8 + size + hi]), dtype=torch.float32) if hi > lo else torch.empty(0)
        assert torch.equal(t.flatten(), want) and list(t.shape) == header[name]["shape"], name
    print(path.split("/")[-1], len(tensors), "tensors, all equal;", metadata)
    for name in list(tensors)[:2] + [n for n in tensors if n.startswith("train/")][:5]:
        print("  ", name, tuple(tensors[name].shape), tensors[name].flatten()[:3].tolist())
