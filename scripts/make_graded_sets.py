#!/usr/bin/env python3
"""Draws three sets of images with ordered labels, to measure on something else than faces:

    scripts/make_graded_sets.py OUT [IMAGES]

OUT/spots, OUT/ripeness and OUT/counts get 600 images each, or IMAGES, of 160 × 160 pixels and a labels.csv (path,label).

    spots     a leaf with spots: 5 grades by the share of its area, spots of any size, with labels off by one in 10 % of images
    ripeness  a fruit from green over yellow to red and brown: 6 grades; its size, place, light and background vary
    counts    discs on a texture: 1 to 6 of them, of various sizes and colours, overlapping little

The same versions of numpy and Pillow give the same pixels.
"""
import csv
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 160


def texture(rng, low, high):
    """Smooth noise in a random colour."""
    base = rng.uniform(low, high, 3)
    noise = sum(np.kron(rng.normal(0, 18 / 2 ** i, (5 * 2 ** i, 5 * 2 ** i, 3)), np.ones((32 // 2 ** i, 32 // 2 ** i, 1)))
                for i in range(4))
    image = Image.fromarray(np.clip(base + noise, 0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(2))


def finish(rng, image):
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.2)))).astype(float)
    pixels = pixels * rng.uniform(0.7, 1.2) + rng.normal(0, rng.uniform(1, 8), pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def ellipse(x, y, a, b):
    return [x - a, y - b, x + a, y + b]


def spots(rng, grade, grades):
    image = texture(rng, 60, 200)
    leaf = Image.new("L", (SIZE, SIZE))
    ImageDraw.Draw(leaf).ellipse(ellipse(80, 80, rng.uniform(50, 75), rng.uniform(35, 60)), fill=255)
    leaf = leaf.rotate(rng.uniform(0, 180))
    green = texture(rng, 0, 1)
    green = Image.fromarray(np.clip(np.asarray(green).astype(float) + [rng.uniform(40, 90), rng.uniform(100, 170), 40], 0, 255)
                            .astype(np.uint8))
    inside = np.asarray(leaf) > 0
    edges = np.array([0, 0.02, 0.07, 0.16, 0.3, 0.5])
    wanted, sick = rng.uniform(edges[grade], edges[grade + 1]), Image.new("L", (SIZE, SIZE))
    draw, places = ImageDraw.Draw(sick), np.argwhere(inside)
    while wanted > 0 and (np.asarray(sick) > 0)[inside].mean() < wanted:
        y, x = places[rng.integers(len(places))]
        r = rng.uniform(1, 4 + 8 * wanted)
        draw.ellipse(ellipse(x, y, r, r * rng.uniform(0.6, 1.4)), fill=255)
    green.paste(Image.new("RGB", (SIZE, SIZE), tuple(int(v) for v in rng.uniform([70, 40, 10], [150, 90, 50]))), mask=sick)
    image.paste(green, mask=leaf)
    label = grade
    if rng.random() < 0.1:
        label = int(np.clip(grade + rng.choice([-1, 1]), 0, grades - 1))
    return image, label


def ripeness(rng, grade, grades):
    stops = np.array([[60, 120, 40], [140, 170, 40], [220, 200, 50], [230, 130, 40], [200, 50, 40], [110, 60, 40]], float)
    at = np.clip(grade + rng.uniform(-0.5, 0.5), 0, grades - 1)
    low = int(min(at, grades - 2))
    colour = stops[low] + (at - low) * (stops[low + 1] - stops[low])
    image = texture(rng, 20, 230)
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    cx, cy, r = rng.uniform(60, 100), rng.uniform(60, 100), rng.uniform(35, 58)
    shape = ((x - cx) / r) ** 2 + ((y - cy) / (r * rng.uniform(0.8, 1.1))) ** 2
    angle = rng.uniform(0, 2 * np.pi)
    shade = 1 - 0.45 * np.clip(shape, 0, 1) + 0.25 * ((x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)) / r
    skin = np.asarray(texture(rng, 0, 1)).astype(float) * 0.5
    fruit = np.clip((colour * rng.normal(1, 0.06, 3) + skin) * shade[..., None], 0, 255).astype(np.uint8)
    image.paste(Image.fromarray(fruit), mask=Image.fromarray(((shape < 1) * 255).astype(np.uint8)))
    return image, grade


def counts(rng, grade, _):
    image = texture(rng, 40, 200)
    draw, placed = ImageDraw.Draw(image), []
    while len(placed) <= grade:
        x, y, r = *rng.uniform(15, SIZE - 15, 2), rng.uniform(8, 20)
        if all(np.hypot(x - a, y - b) > 0.9 * (r + s) for a, b, s in placed):
            placed.append((x, y, r))
            draw.ellipse(ellipse(x, y, r, r), fill=tuple(int(v) for v in rng.uniform(0, 255, 3)))
    return image, grade


def main():
    out, images = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 600
    for seed, (make, grades) in enumerate([(spots, 5), (ripeness, 6), (counts, 6)]):
        rng, folder = np.random.default_rng(seed), out / make.__name__
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "labels.csv", "w", newline="") as f:
            table = csv.writer(f)
            table.writerow(["path", "label"])
            for i in range(images):
                image, label = make(rng, i % grades, grades)
                finish(rng, image).save(folder / f"{i:04}.jpg", quality=92)
                table.writerow([f"{i:04}.jpg", label + 1])


main()
