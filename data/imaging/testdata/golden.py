"""Writes imaging.safetensors: images and what PIL makes of them.

    pip install pillow==13.0.0 numpy safetensors
    python golden.py
"""

import os

import numpy as np
import PIL
from PIL import Image, ImageEnhance, ImageOps
from safetensors.numpy import save_file

EXPECTED = "13.0.0"
assert PIL.__version__ == EXPECTED, f"made with Pillow {EXPECTED}, this is {PIL.__version__}"

GREY = (128, 128, 128)
MAGNITUDES = (*range(11), 17)  # those of RandAugment, and one beyond
tensors = {}


def picture(width, height, seed):
    """A smooth image with some noise and a narrow range of reds."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x * a + y * b + c) for a, b, c in rng.uniform(0.1, 0.5, (3, 3))]
    image = np.stack(waves, -1) * 90 + 120 + rng.normal(0, 12, (height, width, 3))
    image[..., 0] = image[..., 0] * 0.4 + 50
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


def keep(name, image):
    tensors[name] = np.asarray(image)


def affine(image, *matrix):
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST, fillcolor=GREY)


OPS = {
    "AutoContrast": lambda i, m: ImageOps.autocontrast(i),
    "Equalize": lambda i, m: ImageOps.equalize(i),
    "Invert": lambda i, m: ImageOps.invert(i),
    "Rotate": lambda i, m: i.rotate(30 * m / 10, Image.Resampling.NEAREST, fillcolor=GREY),
    "RotateBack": lambda i, m: i.rotate(-30 * m / 10, Image.Resampling.NEAREST, fillcolor=GREY),
    "Posterize": lambda i, m: ImageOps.posterize(i, max(1, int(4 * m / 10))),
    "Solarize": lambda i, m: ImageOps.solarize(i, int(256 * m / 10)),
    "Color": lambda i, m: ImageEnhance.Color(i).enhance(1.8 * m / 10 + 0.1),
    "Contrast": lambda i, m: ImageEnhance.Contrast(i).enhance(1.8 * m / 10 + 0.1),
    "Brightness": lambda i, m: ImageEnhance.Brightness(i).enhance(1.8 * m / 10 + 0.1),
    "Sharpness": lambda i, m: ImageEnhance.Sharpness(i).enhance(1.8 * m / 10 + 0.1),
    "ShearX": lambda i, m: affine(i, 1, 0.3 * m / 10, 0, 0, 1, 0),
    "ShearY": lambda i, m: affine(i, 1, 0, 0, -0.3 * m / 10, 1, 0),
    "TranslateX": lambda i, m: affine(i, 1, 0, i.width / 8 * m / 10, 0, 1, 0),
    "TranslateY": lambda i, m: affine(i, 1, 0, 0, 0, 1, -i.height / 8 * m / 10),
}
FIXED = ("AutoContrast", "Equalize", "Invert")  # they have no magnitude

SIZES = {"square": (16, 16), "wide": (19, 13)}
for size, (width, height) in SIZES.items():
    image = picture(width, height, len(size))
    keep(f"{size}/image", image)
    for name, op in OPS.items():
        results = [np.asarray(op(image, m)) for m in (MAGNITUDES[:1] if name in FIXED else MAGNITUDES)]
        tensors[f"{size}/{name}"] = np.stack(results)

flat = Image.new("RGB", (8, 8), (7, 80, 200))
keep("flat/image", flat)
for name in FIXED:
    tensors[f"flat/{name}"] = np.asarray(OPS[name](flat, 0))[None]

photo = picture(41, 33, 3)
keep("resize/image", photo)
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
BOXES = {"whole": None, "part": (5, 7, 35, 30), "fraction": (3.25, 1.5, 30.75, 23.1)}
for name, kernel in FILTERS.items():
    for box, place in BOXES.items():
        for width, height in ((14, 11), (41, 20), (60, 47), (1, 1)):
            keep(f"resize/{name}/{box}/{width}x{height}", photo.resize((width, height), kernel, place))

save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, os.path.join(os.path.dirname(os.path.abspath(__file__)), "imaging.safetensors"))
