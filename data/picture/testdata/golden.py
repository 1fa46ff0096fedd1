"""Writes pictures.zip: image files of many kinds, and beside each NAME the pixels that
Pillow's convert("RGB") has, as NAME.want.png.

    apt-get install libjpeg-turbo-progs   # cjpeg and jpegtran, which write what Pillow cannot
    pip install pillow==13.0.0 numpy
    python golden.py
"""

import io
import os
import struct
import subprocess
import tempfile
import zipfile
import zlib

import numpy as np
import PIL
from PIL import Image, features

EXPECTED = "13.0.0"
assert PIL.__version__ == EXPECTED, f"made with Pillow {EXPECTED}, this is {PIL.__version__}"
print("libjpeg-turbo", features.version("libjpeg_turbo"), "libwebp", features.version("webp"))

rng = np.random.default_rng(20261129)
files = {}


def photo(width, height, extra=0):
    """Colours that change fast and slowly, sharp edges and noise."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    a = np.stack([128 + 120 * np.sin(x / 5 + y / 9), 255 * x / max(width - 1, 1), 128 + 120 * np.cos(y / 4 - x / 11)], -1)
    a[(x - width / 2) ** 2 + (y - height / 2) ** 2 < min(width, height) ** 2 / 16] = [230, 20, 40]
    a[:, width // 3] = [10, 10, 240]
    a += rng.normal(0, 12, a.shape)
    a = np.clip(a, 0, 255).astype(np.uint8)
    if extra:
        a = np.concatenate([a, rng.integers(0, 256, (height, width, extra), dtype=np.uint8)], -1)
    return a


def rgb(width, height):
    return Image.fromarray(photo(width, height))


def saved(image, kind, **options):
    b = io.BytesIO()
    image.save(b, kind, **options)
    return b.getvalue()


def run(*command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def cjpeg(width, height, *options, grey=False):
    m = rgb(width, height)
    return run("cjpeg", *options, data=saved(m.convert("L") if grey else m, "PPM"))


def transformed(data, *options, scans=None):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as script:
        if scans:
            script.write(scans)
            script.flush()
            options += ("-scans", script.name)
        return run("jpegtran", *options, data=data)


# JPEG: how colours are sampled, at sizes with all kinds of edges.
for sampling in ["1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "1x3", "3x2", "2x2,2x1,1x2", "2x2,1x2,2x1", "4x1,2x1,1x1", "1x1,2x2,1x1"]:
    files[f"sampling-{sampling.replace(',', '-')}.jpg"] = cjpeg(33, 21, "-quality", "85", "-sample", sampling)
for sampling in ["2x1", "1x2", "2x2"]:
    for width, height in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 1), (1, 6), (16, 16), (17, 19)]:
        files[f"edge-{sampling}-{width}-{height}.jpg"] = cjpeg(width, height, "-quality", "90", "-sample", sampling)

# How coefficients are coded.
for name, options in {
    "progressive": ["-progressive"],
    "progressive-restart": ["-progressive", "-restart", "2B"],
    "restart": ["-restart", "1B"],
    "restart-rows": ["-restart", "1"],
    "optimized": ["-optimize"],
    "arithmetic": ["-arithmetic"],
    "arithmetic-restart": ["-arithmetic", "-restart", "3B"],
    "arithmetic-progressive": ["-arithmetic", "-progressive"],
    "arithmetic-progressive-restart": ["-arithmetic", "-progressive", "-restart", "5B"],
    "coarse": ["-quality", "1"],
    "fine": ["-quality", "100"],
    "rgb": ["-rgb"],
}.items():
    for sampling in ["1x1", "2x2"]:
        if name != "rgb" or sampling == "1x1":
            files[f"{name}-{sampling}.jpg"] = cjpeg(35, 27, "-sample", sampling, *options)
files["grey.jpg"] = cjpeg(33, 21, "-grayscale", grey=True)
files["grey-2x2.jpg"] = cjpeg(33, 21, "-grayscale", "-sample", "2x2", grey=True)
files["grey-progressive.jpg"] = cjpeg(33, 21, "-progressive", "-restart", "4B", grey=True)
plain = cjpeg(35, 27, "-quality", "80", "-sample", "2x1")
files["separate.jpg"] = transformed(plain, scans="0;\n1;\n2;\n")
files["one-and-two.jpg"] = transformed(plain, "-restart", "3B", scans="0;\n1,2;\n")
many = ("0,1,2: 0-0, 0, 3;\n" + "".join(f"{c}: 1-63, 0, 4;\n" for c in range(3))
    + "0,1,2: 0-0, 3, 2;\n0,1,2: 0-0, 2, 1;\n0,1,2: 0-0, 1, 0;\n"
    + "".join(f"{c}: 1-63, {l + 1}, {l};\n" for l in (3, 2, 1, 0) for c in range(3)))
files["many-scans.jpg"] = transformed(plain, scans=many)
files["many-scans-arithmetic.jpg"] = transformed(files["many-scans.jpg"], "-arithmetic", scans=many)

# What stands beside the coefficients.
def segments(data):
    """Yields marker and content of segments up to the scan, and then what follows."""
    at = 2
    while True:
        marker, length = data[at + 1], data[at + 2] << 8 | data[at + 3]
        yield marker, data[at : at + 2 + length]
        at += 2 + length
        if marker == 0xDA:
            yield None, data[at:]
            return


def without(data, *markers):
    return data[:2] + b"".join(s for m, s in segments(data) if m not in markers)


base = saved(rgb(33, 21), "JPEG", quality=80)
files["no-tables.jpg"] = without(base, 0xC4)
files["no-jfif.jpg"] = without(base, 0xE0)
files["no-end.jpg"] = base[:-2]
files["behind-the-end.jpg"] = base + b"\xff\xd8more"
files["filled.jpg"] = base[:2] + b"".join((b"\xff\xff" if m else b"") + s for m, s in segments(base))
files["garbage-between.jpg"] = base[:2] + b"".join((b"\x00\x12" if m == 0xC4 else b"") + s for m, s in segments(base))
inks = Image.fromarray(photo(33, 21, 1), "CMYK")
cmyk = saved(inks, "JPEG", quality=90)
files["cmyk.jpg"] = cmyk
files["cmyk-no-adobe.jpg"] = without(cmyk, 0xEE)
files["ycck.jpg"] = cmyk.replace(b"Adobe\x00d\x00\x00\x00\x00\x00", b"Adobe\x00d\x00\x00\x00\x00\x02")
assert files["ycck.jpg"] != cmyk
adobe = bytes.fromhex("ffee000e") + b"Adobe\x00d\x00\x00\x00\x00"
files["adobe-rgb.jpg"] = base[:2] + adobe + b"\x00" + without(base, 0xE0)[2:]
files["adobe-ycc.jpg"] = base[:2] + adobe + b"\x01" + without(base, 0xE0)[2:]

# PNG.
grey, colour, alpha = rgb(21, 13).convert("L"), rgb(21, 13), Image.fromarray(photo(21, 13, 1), "RGBA")
palette = rgb(35, 27).quantize(32)
files["grey.png"] = saved(grey, "PNG")
files["colour.png"] = saved(colour, "PNG")
files["alpha.png"] = saved(alpha, "PNG")
files["grey-alpha.png"] = saved(alpha.convert("LA"), "PNG")
files["palette.png"] = saved(palette, "PNG")
files["palette-transparency.png"] = saved(palette, "PNG", transparency=bytes(range(0, 256, 8)))
files["grey-transparency.png"] = saved(grey, "PNG", transparency=int(np.asarray(grey)[3, 3]))
files["colour-transparency.png"] = saved(colour, "PNG", transparency=tuple(int(v) for v in np.asarray(colour)[3, 3]))
files["bits.png"] = saved(grey.convert("1"), "PNG")
files["no-end.png"] = files["colour.png"][:-12]
files["cut-end.png"] = files["colour.png"][:-5]


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, depth, kind, rows, interlace=0, more=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


deep = photo(9, 7).astype(">u2") * 256 + rng.integers(0, 256, (7, 9, 3))
deep = deep.astype(">u2")
files["deep.png"] = png(9, 7, 16, 2, b"".join(b"\x00" + r.tobytes() for r in deep))
passes = b""
a = photo(13, 11)
for y0, x0, dy, dx in [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]:
    part = a[y0::dy, x0::dx]
    passes += b"".join(b"\x00" + r.tobytes() for r in part if r.size)
files["interlaced.png"] = png(13, 11, 8, 2, passes, interlace=1)
files["text-and-time.png"] = png(13, 11, 8, 2, b"".join(b"\x00" + r.tobytes() for r in a), more=chunk(b"tEXt", b"a\0b") + chunk(b"gAMA", struct.pack(">I", 45455)))

# WebP, at sizes with all kinds of edges.
for width, height in [(1, 1), (2, 2), (3, 3), (16, 16), (33, 21), (34, 22)]:
    files[f"lossy-{width}-{height}.webp"] = saved(rgb(width, height), "WEBP", quality=80)
files["lossless.webp"] = saved(rgb(33, 21), "WEBP", lossless=True)
files["lossy-alpha.webp"] = saved(Image.fromarray(photo(33, 21, 1), "RGBA"), "WEBP", quality=80)
files["lossless-alpha.webp"] = saved(Image.fromarray(photo(33, 21, 1), "RGBA"), "WEBP", lossless=True, exact=True)


def animation(first, **options):
    second = first.transpose(Image.Transpose.ROTATE_180)
    return saved(first, "WEBP", save_all=True, append_images=[second], duration=100, **options)


files["animation-lossy.webp"] = animation(colour, quality=80)
files["animation-lossless.webp"] = animation(colour, lossless=True)
files["animation-lossy-alpha.webp"] = animation(alpha, quality=80)
files["animation-lossless-alpha.webp"] = animation(alpha, lossless=True)
small = Image.new("RGBA", (35, 27))
small.paste(alpha, (6, 4))
files["animation-small.webp"] = animation(small, lossless=True)
frame = files["animation-small.webp"].index(b"ANMF") + 8
assert files["animation-small.webp"][frame : frame + 9] == bytes([3, 0, 0, 2, 0, 0, 20, 0, 0]), "the first picture is not smaller"
extended = files["lossy-alpha.webp"]
alphas, picture = extended.index(b"ALPH"), extended.index(b"VP8 ")
body = extended[8:alphas] + extended[picture:]
files["claims-alpha.webp"] = b"RIFF" + struct.pack("<I", len(body)) + body

# GIF.
files["palette.gif"] = saved(palette, "GIF")
files["transparency.gif"] = saved(palette, "GIF", transparency=3)
files["interlaced.gif"] = saved(palette, "GIF", interlace=True)
files["animation.gif"] = saved(palette, "GIF", save_all=True, append_images=[rgb(35, 27).quantize(16)], duration=100)


def on_screen(data, width, height):
    """A GIF image whose screen has another size than its first picture."""
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


files["around.gif"] = on_screen(files["palette.gif"], 40, 31)
files["around-transparency.gif"] = on_screen(files["transparency.gif"], 40, 31)
control = b"!\xf9\x04\x01\x00\x00"  # before the index of the transparent colour
assert control + b"\x03" in files["transparency.gif"]
files["around-beyond.gif"] = files["around-transparency.gif"].replace(control + b"\x03", control + b"\xc8")

# BMP.
files["colour.bmp"] = saved(colour, "BMP")
files["alpha.bmp"] = saved(alpha, "BMP")
files["palette.bmp"] = saved(palette, "BMP")
files["grey.bmp"] = saved(grey, "BMP")
files["bits.bmp"] = saved(grey.convert("1"), "BMP")

# TIFF.
for name, compression in {"raw": None, "lzw": "tiff_lzw", "deflate": "tiff_adobe_deflate", "packbits": "packbits"}.items():
    files[f"{name}.tif"] = saved(rgb(33, 21), "TIFF", compression=compression)
files["grey.tif"] = saved(grey, "TIFF")
files["palette.tif"] = saved(palette, "TIFF")
files["alpha.tif"] = saved(alpha, "TIFF")
files["bits.tif"] = saved(grey.convert("1"), "TIFF")
multiplied = np.asarray(alpha).copy()
multiplied[..., :3] = multiplied[..., :3].astype(int) * multiplied[..., 3:] // 255
extra = struct.pack("<HHIHH", 338, 3, 1, 2, 0)  # ExtraSamples: 2 is alpha, 1 is alpha that colours were multiplied by
plain = saved(Image.fromarray(multiplied, "RGBA"), "TIFF")
assert extra in plain
files["premultiplied.tif"] = plain.replace(extra, struct.pack("<HHIHH", 338, 3, 1, 1, 0))
for orientation in range(1, 9):
    files[f"turned-{orientation}.tif"] = saved(colour, "TIFF", tiffinfo={274: orientation})
turned = struct.pack("<HHIHH", 274, 3, 1, 6, 0)  # a SHORT
assert turned in files["turned-6.tif"]
files["turned-long.tif"] = files["turned-6.tif"].replace(turned, struct.pack("<HHII", 274, 4, 1, 6))
strip = np.asarray(grey).tobytes()
entries = [(256, 21), (257, 13), (258, 8), (259, 1), (262, 1), (273, 8), (274, 8), (278, 13), (279, len(strip))]
files["turned-big-endian.tif"] = (b"MM\x00*" + struct.pack(">I", 8 + len(strip)) + strip + struct.pack(">H", len(entries))
    + b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in entries) + bytes(4))
white = struct.pack("<HHIHH", 262, 3, 1, 0, 0)  # PhotometricInterpretation: 0 is white, 1 is black
for kind in ["group3", "group4"]:
    data = saved(grey.convert("1"), "TIFF", compression=kind)
    assert struct.pack("<HHIHH", 262, 3, 1, 1, 0) in data
    files[f"{kind}-black.tif"] = data
    files[f"{kind}-white.tif"] = data.replace(struct.pack("<HHIHH", 262, 3, 1, 1, 0), white)

# PPM and PGM.
files["colour.ppm"] = saved(colour, "PPM")
files["grey.pgm"] = saved(grey, "PPM")
v = np.asarray(colour)
files["comments.ppm"] = b"P6 # of one\n#of another\n21\t13\r\n# 7\n255\n" + v.tobytes()
files["plain.ppm"] = b"P3\n21 13\n255\n" + b"\n".join(b" ".join(b"%d" % x for x in r.ravel()) for r in v) + b"\n"
files["plain.pgm"] = b"P2\n21 13\n200\n" + b" ".join(b"%d" % min(x, 200) for x in np.asarray(grey).ravel())
files["scaled.ppm"] = b"P6\n21 13\n100\n" + np.minimum(v, 100).tobytes()
files["deep.ppm"] = b"P6\n21 13\n1000\n" + (v.astype(">u2") * 3).astype(">u2").tobytes()

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures.zip")
with zipfile.ZipFile(path, "w") as z:

    def write(name, content):
        z.writestr(zipfile.ZipInfo(name, (2026, 11, 29, 0, 0, 0)), content)

    for name, content in files.items():
        try:
            want = Image.open(io.BytesIO(content)).convert("RGB")
        except Exception as e:
            print(name, "is not read by Pillow:", e)
            continue
        write(name, content)
        want.info = {}  # no transparency
        write(name + ".want.png", saved(want, "PNG", optimize=True))
print(len(files), "files", os.path.getsize(path), "bytes")
