"""Compares decoded images with Pillow's: compare.py OURS.TSV, the output of the command decoders. Needs numpy and pillow.

Files count as equal where no opaque sample differs by more than one level. 16-bit grey is reduced to its high byte, as
finetune does unless --white says otherwise.
"""

import collections
import sys
import warnings

import numpy
from PIL import Image, ImageOps

# The formats that finetune reads. What Pillow reads beyond them is counted apart.
FORMATS = {"JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"}
Image.MAX_IMAGE_PIXELS = 20_000_000
warnings.simplefilter("ignore")


def decoded(path):
    with Image.open(path) as image:
        name, mode = image.format, image.mode
        image = ImageOps.exif_transpose(image)
        if mode.startswith("I"):
            samples = numpy.asarray(image).astype(float)
            samples = numpy.clip(samples // 256 if samples.max() > 255 else samples, 0, 255)
            return name, mode, numpy.repeat(samples[..., None], 3, 2).astype(int)
        return name, mode, numpy.asarray(image.convert("RGB")).astype(int)


def main():
    counts, other, listed = collections.Counter(), collections.Counter(), []
    for line in open(sys.argv[1], errors="replace"):
        path, *fields = line.rstrip("\n").split("\t")
        ours = len(fields) == 3
        try:
            name, mode, theirs = decoded(path)
        except Exception:  # Pillow has many ways to refuse a file
            counts["read here only" if ours else "refused by both"] += 1
            continue
        if not ours:
            if name not in FORMATS:
                other[name] += 1
                continue
            counts["read by Pillow only"] += 1
            listed.append(f"refused: {name} {mode} {path}: {fields[0]}")
            continue
        pixels = numpy.fromfile(fields[2], "u1").reshape(int(fields[1]), int(fields[0]), 4).astype(int)
        if pixels.shape[:2] != theirs.shape[:2]:
            counts["different"] += 1
            listed.append(f"different: {name} {mode} {path}: size")
            continue
        far = numpy.abs(pixels[..., :3] - theirs)[pixels[..., 3] > 0]
        if far.size and far.max() > 1:
            counts["different"] += 1
            listed.append(f"different: {name} {mode} {path}: by up to {far.max()}, {far.mean():.2f} on average")
        else:
            counts["equal"] += 1
    print("\n".join(sorted(listed)))
    print(dict(counts))
    print("formats that finetune doesn't read:", dict(other))


main()
