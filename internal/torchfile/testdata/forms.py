"""Makes the files in forms, one for each form in which tensors have been met, and
forms.safetensors, the values that torch.load returns for them under FILE/NAME.
golden.py runs it. Names are the keys that lead to a tensor, as package torchfile has
them; a tensor that has no meaning as float32 is not among them.
"""
import argparse
import collections
import io
import os
import pickle
import struct
import tarfile
import warnings

import torch
from safetensors.torch import save_file

warnings.filterwarnings("ignore")

base = torch.arange(24.0).reshape(4, 6) / 7
weight, bias = torch.arange(6.0).reshape(2, 3), torch.tensor([10.0, 20.0])
pair = collections.namedtuple("pair", "first second")


class Mask(torch.Tensor):
    """A subclass, of tensors with an attribute."""


class Tree(dict):
    """A dictionary with attributes."""


class Mapping(collections.UserDict):
    """What looks like a dictionary."""


class Call:
    """Pickled as the call of a function with arguments."""

    def __init__(self, function, *args, state=None):
        self.call = (function, args) + (() if state is None else (state,))

    def __reduce__(self):
        return self.call


def storage(t):
    return torch.storage.TypedStorage(wrap_storage=t.untyped_storage(), dtype=t.dtype, _internal=True)


def marked(t, **attributes):
    for name, value in attributes.items():
        setattr(t, name, value)
    return t


def deep(levels):
    v = {"weight": weight}
    for i in range(levels):
        v = {chr(ord("a") + i % 26): v}
    return v


def model():
    torch.manual_seed(1)
    m = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    m.register_buffer("scratch", torch.ones(2), persistent=False)
    m.own = torch.nn.Buffer(torch.tensor([3.0]))
    return m


complex_ = torch.tensor([1 + 2j, 3 - 4j])
cycle = {"weight": weight}
cycle["self"] = cycle
eight = {name: base[0].to(getattr(torch, "float8_" + name)) for name in ["e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz"]}
every = torch.arange(256, dtype=torch.uint8)

forms = dict(
    negative={"imag": complex_.conj().imag, "plain": complex_.imag, "real": complex_.conj().real, "part": complex_.conj().imag[1:]},
    unsigned={"u16": torch.tensor([3, 65535]).to(torch.uint16), "u32": torch.tensor([3, 1 << 30]).to(torch.uint32), "u64": torch.tensor([3, 1 << 40]).to(torch.uint64), "part": torch.tensor([3, 7, 9]).to(torch.uint16)[1:]},
    eight={**eight, "e8m0": torch.tensor([1.0, 0.25, 1024]).to(torch.float8_e8m0fnu), **{"all_" + name: every.view(getattr(torch, "float8_" + name)) for name in eight}},
    beside={"weight": weight, "c64": complex_, "sparse": torch.eye(2).to_sparse(), "csr": torch.eye(2).to_sparse_csr(), "quantised": torch.quantize_per_tensor(bias, 0.5, 0, torch.qint8), "channels": torch.quantize_per_channel(weight, torch.ones(2), torch.zeros(2), 0, torch.quint8), "meta": torch.ones(2, device="meta"), "nested": torch.nested.nested_tensor([bias, bias[:1]]), "storage": storage(bias), "numpy": weight.numpy(), "bytes": b"\x00\xff", "text": "é\n'\"\\", "huge": 1 << 100, "minus": -(1 << 70), "set": {1, 2}, "none": None},
    expanded={"weight": torch.tensor([1.0, 2.0, 3.0]).expand(2, 3), "far": torch.ones(1).expand(50, 20), "rows": base[1].expand(3, 6), "overlapping": base.reshape(-1).as_strided((5, 4), (2, 1))},
    shared={**{f"tied{i}": weight for i in range(40)}, **{f"turned{i}": weight.t() for i in range(40)}},
    attributes={"tensor": marked(weight.clone(), note="x"), "parameter": marked(torch.nn.Parameter(bias), note=[1, 2]), "buffer": torch.nn.Buffer(bias), "subclass": weight.as_subclass(Mask), "both": marked(bias.as_subclass(Mask), note="x")},
    tuples={"epoch": 1, "pair": (collections.OrderedDict(weight=weight), 5), "named": pair(bias, {"x": weight}), "list": [bias, (weight, [bias])], "empty": ()},
    root_tuple=(collections.OrderedDict(weight=weight, bias=bias), 3),
    root_list=[weight, bias],
    root_tensor=weight,
    module_inside={"epoch": 3, "model": model()},
    module=model(),
    mappings={"default": collections.defaultdict(list, weight=weight), "ordered": collections.OrderedDict(weight=weight), "user": Mapping(weight=weight), "tree": marked(Tree(weight=weight), note=3), "namespace": argparse.Namespace(mean=bias, lr=0.1), "counter": collections.Counter("aab"), "parameters": torch.nn.ParameterDict({"a": bias})},
    keys={0: {1: weight}, "a.b": bias, None: bias, 2.5: bias, (1, "x"): bias, True: weight},
    deep=deep(40),
    cycle=cycle,
    rng={"state": torch.get_rng_state()[:8], "size": torch.Size([3]), "dtype": torch.float16, "device": torch.device("cpu")},
    old={"weight": Call(torch._utils._rebuild_tensor, storage(weight), 0, (2, 3), (3, 1)), "turned": Call(torch._utils._rebuild_tensor, storage(weight), 1, (2, 2), (1, 3))},
    ordered_old={"weights": Call(collections.OrderedDict, [["weight", weight], ["bias", bias]])},
)


def flatten(v, name, out):
    """Puts the tensors in v into out, named by the keys that lead to them."""
    below = lambda key, v: flatten(v, f"{name}.{key}" if name else str(key), out)
    text = lambda key: ",".join(map(str, key)) if isinstance(key, tuple) else key
    if isinstance(v, torch.Tensor):
        if not (v.layout == torch.strided and not v.is_complex() and not v.is_quantized and v.device.type == "cpu" and not v.is_nested):
            return
        with torch._C.DisableTorchFunctionSubclass():
            out[name] = torch.Tensor(v.detach().float().contiguous().clone())
    elif isinstance(v, torch.nn.ParameterDict):
        flatten(v.state_dict(), name, out)
    elif isinstance(v, torch.nn.Module):
        flatten(v.state_dict(), name, out)
    elif isinstance(v, (dict, collections.UserDict)):
        for key, value in v.items():
            if value is not v:
                below(text(key), value)
    elif isinstance(v, (list, tuple)):
        for i, value in enumerate(v):
            below(i, value)
    elif isinstance(v, argparse.Namespace):
        flatten(vars(v), name, out)


def tar(path):
    """Writes a file as PyTorch 0.1 did: the storages, the tensors, and an object
    that refers to them by keys. The second storage is a view of the first one."""
    members = {"sys_info": pickle.dumps({"protocol_version": 1000, "little_endian": True}, 2)}
    storages = io.BytesIO()
    pickle.dump(1, storages, 2)
    pickle.dump((17, "cpu", torch.FloatStorage), storages, 2)
    storages.write(struct.pack("<q24f", 24, *base.reshape(-1).tolist()))
    pickle.dump([(18, 17, 6, 12)], storages, 2)
    members["storages"] = storages.getvalue()
    tensors = io.BytesIO()
    entries = [(1, 17, (4, 6), (6, 1), 0), (2, 17, (6, 4), (1, 6), 0), (3, 18, (2, 3), (6, 2), 1), (4, 17, (), (), 5)]
    pickle.dump(len(entries), tensors, 2)
    for key, storage, shape, stride, offset in entries:
        pickle.dump((key, storage, torch.FloatTensor), tensors, 2)
        tensors.write(struct.pack(f"<ii{len(shape)}q{len(shape)}qq", len(shape), 0, *shape, *stride, offset))
    members["tensors"] = tensors.getvalue()

    class Pickler(pickle.Pickler):
        def persistent_id(self, v):
            return v.key if isinstance(v, Key) else None

    class Key:
        def __init__(self, key):
            self.key = key

    text = io.BytesIO()
    Pickler(text, 2).dump(collections.OrderedDict(weight=Key(1), turned=Key(2), part=Key(3), layers=[{"scalar": Key(4)}]))
    members["pickle"] = text.getvalue()
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members.items():
            head = tarfile.TarInfo(name)
            head.size = len(content)
            archive.addfile(head, io.BytesIO(content))


def views(path):
    """Writes a file of the format before PyTorch 1.6 in which a storage is a part of
    another one, as older versions had it, and a class comes with its source."""
    class Key:
        def __init__(self, key, view):
            self.id = ("storage", torch.FloatStorage, key, "cpu", 24, view)

    class Pickler(pickle.Pickler):
        classes = set()

        def persistent_id(self, v):
            if v is torch.nn.Identity and v not in self.classes:
                self.classes.add(v)
                return ("module", v, None, None)
            return v.id if isinstance(v, Key) else None

    whole, part = Key("5", None), Key("5", ("6", 6, 12))
    v2 = torch._utils._rebuild_tensor_v2
    with open(path, "wb") as f:
        for v in [torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {"little_endian": True}]:
            pickle.dump(v, f, 2)
        Pickler(f, 2).dump({
            "weight": Call(v2, whole, 0, (4, 6), (6, 1), False, collections.OrderedDict()),
            "part": Call(v2, part, 1, (2, 3), (6, 2), False, collections.OrderedDict()),
            "class": torch.nn.Identity,
        })
        pickle.dump(["5"], f, 2)
        f.write(struct.pack("<q24f", 24, *base.reshape(-1).tolist()))


def write():
    os.makedirs("forms", exist_ok=True)
    files = []
    for name, v in forms.items():
        files.append(f"{name}.pth")
        torch.save(v, f"forms/{name}.pth")
        if name not in ("beside", "rng", "unsigned", "eight", "module", "module_inside", "mappings"):  # PyTorch cannot read the first four again, and would write the source of the others
            files.append(f"{name}_legacy.pth")
            torch.save(v, f"forms/{name}_legacy.pth", _use_new_zipfile_serialization=False)
    for protocol in [1, 3, 5]:
        for legacy in [False, True]:
            files.append(f"protocol{protocol}{'_legacy' if legacy else ''}.pth")
            torch.save({**forms["tuples"], **forms["attributes"], "n": [1, -1, 70000, 1 << 40, 2.5, True, None, "é", b"x"]}, "forms/" + files[-1], pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    torch.serialization.set_crc32_options(False)
    torch.save({"weight": weight, "bias": bias}, "forms/unchecked.pth")
    torch.serialization.set_crc32_options(True)
    tar("forms/tar.pth")
    views("forms/views_legacy.pth")
    files += ["unchecked.pth", "tar.pth", "views_legacy.pth"]
    expected = {}
    for name in files:
        out = {}
        flatten(torch.load("forms/" + name, weights_only=False), "", out)
        assert out or name == "x", name
        expected |= {f"{name}/{key}": t for key, t in out.items()}
    save_file(expected, "forms.safetensors", metadata={"torch": torch.__version__})


if __name__ == "__main__":
    write()
