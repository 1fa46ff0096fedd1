#!/usr/bin/env bash
# datasets 5.2.0 (Hugging Face) with pyarrow 26.0.1.
#
# Dataset.to_parquet writes a picture that was given as a file without the picture:
# "bytes" is null and "path" is the path on the machine that wrote it. Pictures that
# were given as bytes are in the file, unless they come with the path of a file that is there.
#
# What follows: a Parquet file of images may hold none of them. Our reader says which
# row has no bytes and what its path was.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages datasets==5.2.0 pyarrow==26.0.1 pillow==13.0.0
cat > write.py <<'PYTHON'
import datasets
import PIL.Image
import pyarrow.parquet

datasets.disable_progress_bars()
PIL.Image.new("RGB", (4, 4), (255, 0, 0)).save("red.png")
with open("red.png", "rb") as file:
    contents = file.read()
features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
for picture in ("red.png", PIL.Image.open("red.png"), {"bytes": contents, "path": "red.png"}, {"bytes": contents, "path": None}):
    datasets.Dataset.from_dict({"img": [picture], "label": [1]}, features=features).to_parquet("out.parquet")
    row = pyarrow.parquet.read_table("out.parquet")["img"].to_pylist()[0]
    print(type(picture).__name__, "bytes", row["bytes"] and row["bytes"] == contents, "path", row["path"])
PYTHON
python write.py 2>/dev/null | same 'str bytes None path red.png
PngImageFile bytes None path red.png
dict bytes None path red.png
dict bytes True path None'
