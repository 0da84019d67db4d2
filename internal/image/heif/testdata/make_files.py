"""Writes the pictures of this folder, with pillow and pillow-heif: a ramp of red from left to right, of green from top to
bottom, 40 × 24 pixels; rotated.avif is stored a quarter turn to the left and says so. The files are in the public
domain (CC0 1.0)."""

import pathlib

import numpy as np
import pillow_heif
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent


def main():
    pillow_heif.register_heif_opener()
    y, x = np.mgrid[0:24, 0:40]
    ramp = Image.fromarray(np.dstack([x * 6, y * 10, np.full_like(x, 60)]).astype(np.uint8))
    ramp.save(HERE / "ramp.heic", quality=95)
    ramp.save(HERE / "ramp.avif", quality=95)
    tags = Image.Exif()
    tags[274] = 6
    ramp.rotate(90, expand=True).save(HERE / "rotated.avif", quality=95, exif=tags)


if __name__ == "__main__":
    main()
