"""Writes a zip of photographs with the pixels that Pillow has, for TestPixelsArePillows.

    pip install pillow==13.0.0
    python photographs.py FOLDER EVERY OUT.zip
    AUTODROPOUT_PICTURES=OUT.zip go test ./data/picture -run Pillow -v

Of all images below FOLDER, in the order of their paths, every EVERYth one is taken.
"""

import collections
import io
import pathlib
import platform
import sys
import zipfile

import PIL
from PIL import Image, features, JpegImagePlugin

folder, every, out = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
kinds = collections.Counter()
paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpeg", ".jpg", ".png", ".webp"))[::every]
with zipfile.ZipFile(out, "w") as z:
    for path in paths:
        content = path.read_bytes()
        m = Image.open(io.BytesIO(content))
        sampling = JpegImagePlugin.get_sampling(m) if m.format == "JPEG" else None
        kinds[f"{m.format} {m.mode} {({0: '4:4:4', 1: '4:2:2', 2: '4:2:0'}).get(sampling, '')}{' progressive' if m.info.get('progressive') else ''}"] += 1
        want = m.convert("RGB")
        want.info = {}
        b = io.BytesIO()
        want.save(b, "PNG", compress_level=1)
        name = str(path.relative_to(folder))
        z.writestr(name, content)
        z.writestr(name + ".want.png", b.getvalue())
print(len(paths), "of the photographs:", ", ".join(f"{n} {k}" for k, n in kinds.most_common()))
print("Pillow", PIL.__version__, "libjpeg-turbo", features.version("libjpeg_turbo"), "Python", platform.python_version())
