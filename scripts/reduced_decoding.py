"""How much features change when JPEGs are decoded at a fraction of their size.

    python scripts/reduced_decoding.py models/efficientnet_lite0.onnx testdata/demo/images/*/0-grade1.jpg

Every photo is enlarged to 12 megapixels, given grain, and cut to sizes between; gratings and noise are added as the
worst cases. Features of libjpeg's scaled decoding (Pillow's draft) are compared with those of the full decoding, both
squashed to 224 × 224 with antialiasing. A row is a fraction and how many times larger than the network's input the
decoded picture still is. docs/performance.md has the table and what follows from it.

Needs pillow, numpy, onnx and onnxruntime.
"""

import argparse
import io
import pathlib

import numpy as np
import onnx
import onnxruntime
from PIL import Image

SIZE = 224
RATIOS = (1.5, 3, 4, 6)  # of the decoded picture's shorter side to SIZE
FRACTIONS = (2, 4)
ENOUGH = 0.9995


def jpeg(pixels):
    out = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def shape(ratio, fraction):
    height = int(ratio * fraction * SIZE)
    return height * 4 // 3, height


def enlarged(photo, rng, width=4000, height=3000):
    """The middle of a photo as 12 megapixels with grain."""
    side = min(photo.width / 4, photo.height / 3)
    x, y = (photo.width - 4 * side) / 2, (photo.height - 3 * side) / 2
    big = photo.resize((width, height), Image.Resampling.BICUBIC, box=(x, y, x + 4 * side, y + 3 * side))
    grain = rng.normal(0, 4, (height, width, 1)).astype(np.float32)
    return np.clip(np.asarray(big, np.float32) + grain, 0, 255).astype(np.uint8)


def worst(width, height, rng):
    x = np.arange(width)[None, :, None]
    for period in (2.1, 3.9, 4.3, 7.3, 11):
        yield np.broadcast_to(127.5 + 127.5 * np.sign(np.sin(2 * np.pi * x / period)), (height, width, 3))
    yield rng.integers(0, 256, (height, width, 3))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("network", type=pathlib.Path, help="EfficientNet-Lite0, whose tensor called features is compared")
    parser.add_argument("photos", type=pathlib.Path, nargs="+")
    args = parser.parse_args()
    model = onnx.load(args.network)
    model.graph.output.append(onnx.ValueInfoProto(name="features"))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def features(data, fraction):
        image = Image.open(io.BytesIO(data))
        width, height = image.size
        if fraction > 1:
            image.draft("RGB", (width // fraction, height // fraction))
        image = image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=(0, 0, width / fraction, height / fraction))
        tensor = ((np.asarray(image, np.float32) - 127) / 128).transpose(2, 0, 1)[None]
        row = session.run(["features"], {name: tensor})[0].ravel().astype(np.float64)
        return row / np.linalg.norm(row)

    def cosine(data, fraction):
        return features(data, 1) @ features(data, fraction)

    rng = np.random.default_rng(1)
    photos = [enlarged(Image.open(p).convert("RGB"), rng) for p in args.photos]
    print("| decoded at | times the network's input | photos: least cosine | below 0.9995 | gratings and noise: least |")
    print("|---|---|---|---|---|")
    for fraction in FRACTIONS:
        for ratio in RATIOS:
            width, height = shape(ratio, fraction)
            if width > photos[0].shape[1]:
                continue
            x, y = (photos[0].shape[1] - width) // 2, (photos[0].shape[0] - height) // 2
            cosines = [cosine(jpeg(p[y:y + height, x:x + width]), fraction) for p in photos]
            bad = [cosine(jpeg(p), fraction) for p in worst(width, height, rng)]
            below = sum(c < ENOUGH for c in cosines)
            print(f"| 1/{fraction} | {ratio} | {min(cosines):.5f} | {below} of {len(cosines)} | {min(bad):.2f} |", flush=True)


if __name__ == "__main__":
    main()
