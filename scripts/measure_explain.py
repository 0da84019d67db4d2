#!/usr/bin/env python3
"""Compares the two ways to explain, as docs/explain.md quotes it: do the maps before pooling and hiding places agree?

    scripts/measure_explain.py FINETUNE RUN IMAGES [COUNT]        (numpy)

Takes COUNT (40) images of RUN's predictions.csv, evenly spread, explains each by class activation maps and by occlusion, and
prints the mean rank correlation of the two over places. Each place's activation is the sum over the patch that occlusion hides there.
Both are also compared with the map of another image, to show how much of the agreement is common to all images.
"""
import csv, pathlib, subprocess, sys, tempfile

import numpy

finetune, run, images = sys.argv[1:4]
count = int(sys.argv[4]) if len(sys.argv) > 4 else 40
SIDE, PATCH, STRIDE = 224, 44, 16  # the defaults for a network of that input


def explain(paths, method, out):
    names = pathlib.Path(out) / "list.txt"
    names.parent.mkdir(exist_ok=True)
    names.write_text("".join(f"{p}\n" for p in paths))
    subprocess.run([finetune, "explain", "-q", "--model", run, "--image", names, "--method", method, "--maps", "--out", out], check=True, stdout=subprocess.DEVNULL)


def at_places(heat, patch):
    places = []
    for y in range(STRIDE // 2, SIDE, STRIDE):
        for x in range(STRIDE // 2, SIDE, STRIDE):
            top, left = y - patch // 2, x - patch // 2
            places.append(heat[max(0, top):top + patch, max(0, left):left + patch].sum())
    return numpy.array(places)


def correlation(a, b):
    ranks = [numpy.argsort(numpy.argsort(v)) for v in (a, b)]
    return numpy.corrcoef(ranks)[0, 1]


with open(pathlib.Path(run) / "predictions.csv") as f:
    rows = list(csv.DictReader(f))
paths = [pathlib.Path(images).resolve() / rows[i * len(rows) // count]["path"] for i in range(count)]
with tempfile.TemporaryDirectory() as work:
    for method in ("cam", "occlusion"):
        explain(paths, method, f"{work}/{method}")
    for question in ("class", "order"):
        cam, hidden = [], []
        for first in sorted(pathlib.Path(work, "cam").glob(f"*.{question}*.npy")):
            other = pathlib.Path(work, "occlusion", first.name)
            cam.append(at_places(numpy.load(first), PATCH))
            hidden.append(at_places(numpy.load(other), STRIDE))
        same = [correlation(a, b) for a, b in zip(cam, hidden)]
        shifted = [correlation(a, b) for a, b in zip(cam, hidden[1:] + hidden[:1])]
        print(f"{question}: {len(same)} maps, mean rank correlation {numpy.mean(same):.2f} (of each with that of another image {numpy.mean(shifted):.2f}); "
              f"{100 * numpy.mean(numpy.array(same) > 0):.0f} % above zero")
