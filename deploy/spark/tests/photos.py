"""Images for the tests, made from those of the demo by cutting and encoding them again."""

import io
import os
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def open_all(demo):
    images = []
    for folder, _, names in sorted(os.walk(demo)):
        images += [Image.open(os.path.join(folder, n)).convert("RGB") for n in sorted(names) if n.endswith(".jpg")]
    return images


def large_photos(demo, count):
    """Return the bytes of images of 640 x 480 pixels and about 100 KB, as of a camera: enlarged ones of the demo with noise."""
    originals, images = open_all(demo), []
    for i in range(count):
        image = originals[i * len(originals) // count].resize((640, 480), Image.BICUBIC)
        noise = Image.effect_noise(image.size, 24).convert("RGB")
        out = io.BytesIO()
        Image.blend(image, noise, 0.3).save(out, "JPEG", quality=88)
        images.append(out.getvalue())
    return images


def photos(demo, count, seed=1):
    """Yield the bytes of images, no two of which are the same. Some are damaged, one is missing."""
    originals = open_all(demo)
    draw = random.Random(seed)
    for i in range(count):
        image = originals[i % len(originals)]
        left, top = draw.randrange(32), draw.randrange(32)
        out = io.BytesIO()
        image.crop((left, top, left + 160, top + 160)).save(out, "JPEG", quality=draw.randrange(60, 96))
        data = out.getvalue()
        if i % 500 == 77:
            data = data[:200]
        yield None if i == 1234 else data


def write_parquet(folder, demo, count, files):
    """Write a table of several files with the columns path, content, id and label."""
    os.makedirs(folder)
    images = list(photos(demo, count))
    for k in range(files):
        part = range(k, count, files)
        table = pa.table({"path": [f"photo-{i:05}.jpg" for i in part], "content": pa.array([images[i] for i in part], pa.binary()),
                          "id": pa.array(part, pa.int64()), "label": [str(i % 5 + 1) for i in part]})
        pq.write_table(table, os.path.join(folder, f"part-{k:03}.parquet"), row_group_size=64)


if __name__ == "__main__":
    write_parquet(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
