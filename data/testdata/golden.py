"""Writes small sets of images in the forms in which such sets are published: image i
has the label (3 i) mod classes, and in row y, column x of colour c the value
(i + 5 x + 11 y + 60 c) mod 256.

    pip install numpy==2.4.6 pyarrow==26.0.1 pillow==13.0.0
    python golden.py
"""

import io
import json
import os
import pickle
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
TRAIN, TEST = 15, 3  # images; of CIFAR-10 three in each file


def images(n, height=32, width=32):
    """(N, C, H, W)"""
    i, c, y, x = np.meshgrid(np.arange(n), np.arange(3), np.arange(height), np.arange(width), indexing="ij")
    return ((i + 5 * x + 11 * y + 60 * c) % 256).astype(np.uint8)


def labels(n, classes):
    return [3 * i % classes for i in range(n)]


def archive(name, files):
    def entry(path, content):
        info = tarfile.TarInfo(path)
        info.size = len(content)
        return info, io.BytesIO(content)

    with tarfile.open(f"{here}/{name}", "w:gz", compresslevel=9) as t:
        for path, content in files.items():
            t.addfile(*entry(path, content))


def batches(n, part, offset=0):
    return images(TRAIN)[offset : offset + n] if part == "train" else images(n)


rows = {"train": images(TRAIN).reshape(TRAIN, -1), "test": images(TEST).reshape(TEST, -1)}

# CIFAR-10, the Python version. Python 3 writes it as Python 2 did, but for strings.
files = {}
for b in range(5):
    files[f"cifar-10-batches-py/data_batch_{b + 1}"] = pickle.dumps({"batch_label": f"training batch {b + 1} of 5", "labels": labels(TRAIN, 10)[3 * b : 3 * b + 3], "data": rows["train"][3 * b : 3 * b + 3], "filenames": ["a.png"] * 3}, protocol=2)
files["cifar-10-batches-py/test_batch"] = pickle.dumps({b"labels": labels(TEST, 10), b"data": np.asfortranarray(rows["test"])}, protocol=5)
files["cifar-10-batches-py/batches.meta"] = pickle.dumps({"num_cases_per_batch": 3, "label_names": [f"name {i}" for i in range(10)]}, protocol=2)
archive("cifar-10-python.tar.gz", files)

# CIFAR-100, both versions.
names = [f"fine_{i}" for i in range(100)]
coarse = lambda n: [i % 20 for i in range(n)]
archive("cifar-100-python.tar.gz", {
    "cifar-100-python/train": pickle.dumps({"fine_labels": labels(TRAIN, 100), "coarse_labels": coarse(TRAIN), "data": rows["train"]}, protocol=2),
    "cifar-100-python/test": pickle.dumps({"fine_labels": labels(TEST, 100), "coarse_labels": coarse(TEST), "data": rows["test"]}, protocol=2),
    "cifar-100-python/meta": pickle.dumps({"fine_label_names": names, "coarse_label_names": [f"coarse_{i}" for i in range(20)]}, protocol=2),
})
archive("cifar-100-binary.tar.gz", {
    "cifar-100-binary/train.bin": b"".join(bytes([c, f]) + r.tobytes() for c, f, r in zip(coarse(TRAIN), labels(TRAIN, 100), rows["train"])),
    "cifar-100-binary/test.bin": b"".join(bytes([c, f]) + r.tobytes() for c, f, r in zip(coarse(TEST), labels(TEST, 100), rows["test"])),
    "cifar-100-binary/fine_label_names.txt": ("\n".join(names) + "\n").encode(),
    "cifar-100-binary/coarse_label_names.txt": b"a\n",
})

# NumPy.
last = lambda n: images(n, 6, 5).transpose(0, 2, 3, 1)
both = {"x_train": last(TRAIN), "y_train": np.array(labels(TRAIN, 4)), "x_test": last(TEST), "y_test": np.array(labels(TEST, 4))}
np.savez_compressed(f"{here}/last.npz", **both)
np.savez_compressed(f"{here}/first.npz", train_images=images(TRAIN, 6, 5), train_labels=np.array(labels(TRAIN, 4), np.uint8).reshape(-1, 1), test_images=images(TEST, 6, 5), test_labels=np.array(labels(TEST, 4), np.uint8).reshape(-1, 1), val_images=np.zeros(3))
np.savez_compressed(f"{here}/grey.npz", **dict(both, x_train=last(TRAIN)[..., 0], x_test=last(TEST)[..., 0]))
np.savez_compressed(f"{here}/scaled.npz", **dict(both, x_train=last(TRAIN) / np.float32(255)))
np.savez_compressed(f"{here}/lacking.npz", images=last(3))

# Parquet, as datasets 5.2.0 writes it.
about = {b"huggingface": json.dumps({"info": {"features": {"img": {"_type": "Image"}, "label": {"names": ["a", "b", "c", "d"], "_type": "ClassLabel"}}}}).encode()}


def png(pixels):
    b = io.BytesIO()
    Image.fromarray(pixels).save(b, "PNG")
    return b.getvalue()


def parquet(path, first, n, total, compression="snappy", inside=True):
    values = [{"bytes": png(p) if inside else None, "path": None if inside else "/somewhere/a.png"} for p in last(total)[first : first + n]]
    table = pa.table({
        "img": pa.array(values, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        "label": pa.array(labels(total, 4)[first : first + n], pa.int64()),
    }).replace_schema_metadata(about)
    os.makedirs(os.path.dirname(f"{here}/{path}"), exist_ok=True)
    pq.write_table(table, f"{here}/{path}", compression=compression, row_group_size=4)


parquet("parquet/plain_text/train-00000-of-00002.parquet", 0, 10, TRAIN)
parquet("parquet/plain_text/train-00001-of-00002.parquet", 10, 5, TRAIN, "zstd")
parquet("parquet/plain_text/test-00000-of-00001.parquet", 0, TEST, TEST, "none")
for name, options in {"lz4": {"compression": "lz4"}, "paths": {"inside": False}}.items():
    parquet(f"{name}/train-0.parquet", 0, TRAIN, TRAIN, **options)
    parquet(f"{name}/test-0.parquet", 0, TEST, TEST)
