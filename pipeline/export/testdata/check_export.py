"""Check exported models with Python's onnxruntime, with nothing but NumPy and Pillow around it.

    FINETUNE_EXPORT_DIR=DIR go test -count=1 -run 'TestFamilies|TestWeights' ./pipeline/export
    python pipeline/export/testdata/check_export.py DIR

Needs onnx, onnxruntime, numpy and Pillow. Every NAME.INPUT.onnx in DIR must pass onnx.checker with full shape inference and give,
for every golden picture, the probabilities in NAME.json within 1e-3. Of class, low and high it counts how many differ: where
two choices are equally good within rounding they may. The largest |dp| of each model is printed; the exit status is 1 where
a model fails.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image, ImageOps

PICTURES = Path(__file__).resolve().parents[3] / "preprocess" / "testdata" / "images"
BOUND = 1e-3
KERNELS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def upright(path):
    """The picture as RGB; of 16-bit grey the upper bytes, which Pillow alone would clip."""
    im = Image.open(path)
    if im.mode.startswith("I"):
        im = Image.fromarray((np.asarray(im) >> 8).astype(np.uint8))
    return ImageOps.exif_transpose(im).convert("RGB")


def tensor(im, text, shape):
    """What the backbone takes, as the metadata's finetune.preprocessing says."""
    spec = dict(field.split("=", 1) for field in text.split())
    channels_last = shape[3] == 3 and shape[1] != 3
    height, width = shape[1:3] if channels_last else shape[2:4]
    if spec["resize"] == "squash":
        im = im.resize((width, height), KERNELS[spec["interpolation"]])
    else:
        pct = float(spec["crop-pct"])
        cover_w, cover_h = round(width / pct), round(height / pct)
        if im.width * cover_h <= im.height * cover_w:
            size = cover_w, int(cover_w * im.height / im.width)
        else:
            size = int(cover_h * im.width / im.height), cover_h
        im = im.resize(size, KERNELS[spec["interpolation"]])
        left, top = round((im.width - width) / 2), round((im.height - height) / 2)
        im = im.crop((left, top, left + width, top + height))
    x = np.asarray(im, dtype=np.float64)
    if spec["channel-order"] == "bgr":
        x = x[:, :, ::-1]
    numbers = {key: np.array(spec[key].split(","), dtype=np.float64) for key in ("mean", "std")}
    x = ((x / float(spec["scale"]) - numbers["mean"]) / numbers["std"]).astype(np.float32)
    return x if channels_last else x.transpose(2, 0, 1)


def check(path, pictures):
    """Return the largest |dp| of a model, and how many classes and ends of ranges differ."""
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed, meta = session.get_inputs()[0], session.get_modelmeta().custom_metadata_map
    names = [o.name for o in session.get_outputs()]
    expected = json.loads((path.parent / (path.name.split(".")[0] + ".json")).read_text())
    classes = json.loads(meta["finetune.classes"])
    most, differ = 0.0, 0
    for want in expected:
        im = pictures[want["file"]]
        x = np.asarray(im) if feed.name == "image" else tensor(im, meta["finetune.preprocessing"], feed.shape)
        n = feed.shape[0] if isinstance(feed.shape[0], int) else 2
        got = dict(zip(names, session.run(None, {feed.name: np.repeat(x[None], n, axis=0)})))
        assert got["probabilities"].shape == (n, len(classes)) and got["logits"].shape[0] == n, path
        assert all(got[k].shape == (n,) for k in names if k not in ("logits", "probabilities")), path
        most = max(most, float(np.abs(got["probabilities"] - np.array(want["probabilities"], np.float32)).max()))
        assert ("low" in got) == (want["low"] >= 0), path
        differ += sum(int(got[k][-1]) != want[k] for k in ("class", "low", "high") if k in got)
    return most, differ, len(expected)


def check_head(folder):
    """The weights in .npz and JSON are those of the head alone."""
    head = folder / "head.onnx"
    onnx.checker.check_model(str(head), full_check=True)
    session = onnxruntime.InferenceSession(str(head), providers=["CPUExecutionProvider"])
    weights = np.load(folder / "head.npz")
    meta = json.loads(weights["metadata.json"])
    table = json.loads((folder / "head.json").read_text())
    assert table["metadata"] == meta, "metadata of .npz and JSON differ"
    for name, t in table["tensors"].items():
        assert np.array_equal(np.array(t["data"], np.float32).reshape(t["shape"]), weights[name]), name
    x = np.random.default_rng(1).standard_normal((20, weights["hidden.weight"].shape[1])).astype(np.float32)
    hidden = np.maximum(x @ weights["hidden.weight"].T + weights["hidden.bias"], 0)
    logits = hidden @ weights["weight"].T + weights["bias"]
    far = np.abs(session.run(["logits"], {"features": x})[0] - logits).max()
    assert far < 1e-4, f"logits differ by {far}"
    print(f"head.onnx, head.npz and head.json agree, logits within {far:.1e}")


def main():
    folder = Path(sys.argv[1])
    pictures = {p.name: upright(p) for p in PICTURES.iterdir()}
    failed = 0
    models = sorted(p for p in folder.glob("*.*.onnx"))
    if not models:
        sys.exit(f"no models in {folder}")
    for path in models:
        most, differ, n = check(path, pictures)
        failed += not most < BOUND
        print(f"{path.stem:48} {n} pictures  |dp| <= {most:.1e}  {differ} decisions differ")
    check_head(folder)
    print(f"{len(models)} models, {failed} fail; onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
