"""Plants changed copies of images beside the originals and counts how many `finetune check` finds.

    python scripts/measure_copies.py FOLDER [COPIES] [FINETUNE FLAGS …]

FOLDER holds labelled images, read as the flags say (for UTKFace: --label-regex '^(\\d+)_' --bins 0,3,7,13,20,33,44,60). Needs Pillow,
make build and make setup. What is found beside the planted pairs is counted too: pictures that were there twice before, and mistakes.
"""

import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

FINETUNE = Path(__file__).resolve().parent.parent / "bin" / "finetune"


def cut(image, share):
    """Cuts a share of the width off, more on one side than on the other."""
    c = int(image.width * share)
    return image.crop((c, c // 2, image.width - c // 2, image.height - c))


CHANGES = {
    "saved at quality 40": (lambda i: i, 40),
    "saved at quality 75": (lambda i: i, 75),
    "half the size": (lambda i: i.resize((i.width // 2, i.height // 2), Image.Resampling.BICUBIC), 90),
    "cut by 7.5 %": (lambda i: cut(i, 0.05), 90),
    "cut by 15 %": (lambda i: cut(i, 0.10), 90),
    "brighter, more contrast": (lambda i: ImageEnhance.Contrast(ImageEnhance.Brightness(i).enhance(1.25)).enhance(1.15), 90),
    "mirrored": (ImageOps.mirror, 90),
}


def main():
    folder, rest = Path(sys.argv[1]), sys.argv[2:]
    count = int(rest.pop(0)) if rest and rest[0].isdigit() else 350
    originals = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    chosen = random.Random(1).sample(originals, count)
    planted = {}
    with tempfile.TemporaryDirectory() as work:
        data = Path(work) / "data"
        shutil.copytree(folder, data)
        for i, original in enumerate(chosen):
            change = list(CHANGES)[i % len(CHANGES)]
            alter, quality = CHANGES[change]
            place = data / original.relative_to(folder)
            copy = place.with_name(place.stem + "-copy.jpg")
            with Image.open(place) as image:
                alter(image.convert("RGB")).save(copy, quality=quality)
            planted[copy.relative_to(data).as_posix()] = (place.relative_to(data).as_posix(), change)
        command = [FINETUNE, "check", "--data", data, "--json", "-q", "--fail-on", "never", *rest]
        result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    found, all_of, others = Counter(), Counter(), 0
    clusters = [{image["path"] for image in c["images"]} for c in result.get("copies", [])]
    for copy, (original, change) in planted.items():
        all_of[change] += 1
        found[change] += any({copy, original} <= c for c in clusters)
    for c in clusters:
        others += len({p for p in c if p not in planted}) > 1
    for change in CHANGES:
        print(f"{change:24} {found[change]:4} of {all_of[change]}")
    print(f"{'all':24} {found.total():4} of {all_of.total()}")
    print(f"pictures that hang together without being planted: {others}")


main()
