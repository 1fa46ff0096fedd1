"""Writes dictionary-*.pkl: what CIFAR's Python version holds, by several kinds of pickles.

    pip install numpy==2.4.6
    python dictionary.py
"""

import os
import pickle
import struct

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
pixels = np.arange(2 * 6, dtype=np.uint8).reshape(2, 6) + 130
value = {"data": pixels, "labels": [3, 9], "batch_label": "a batch", "filenames": ["a.png", "b.png"], "other": np.arange(3.0), "none": None}
for protocol in range(6):
    for order in "CF":
        with open(f"{here}/dictionary-{protocol}{order}.pkl", "wb") as f:
            pickle.dump(dict(value, data=np.asarray(pixels, order=order)), f, protocol=protocol)
with open(f"{here}/dictionary-bytes.pkl", "wb") as f:
    pickle.dump({k.encode(): v for k, v in value.items()}, f, protocol=2)

# As Python 2 and cPickle wrote it.
def short(text):
    return b"U" + struct.pack("<B", len(text)) + text


dtype = b"cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87Rq\x06(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
raw = pixels.tobytes()
array = b"cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85U\x01b\x87Rq\x04(K\x01K\x02K\x06\x86" + dtype + b"\x89" + b"T" + struct.pack("<i", len(raw)) + raw + b"tb"
two = b"\x80\x02}q\x01(" + short(b"data") + array + short(b"labels") + b"]q\x07(K\x03K\x09e" + short(b"batch_label") + short(b"a batch") + short(b"filenames") + b"](" + short(b"a.png") + short(b"b.png") + b"eu."
with open(f"{here}/dictionary-python2.pkl", "wb") as f:
    f.write(two)
for name in sorted(os.listdir(here)):
    if name.startswith("dictionary") and name.endswith("pkl"):
        d = pickle.load(open(f"{here}/{name}", "rb"), encoding="latin1")
        d = {k.decode() if isinstance(k, bytes) else k: v for k, v in d.items()}
        assert (d["data"] == pixels).all() and d["labels"] == [3, 9], name
