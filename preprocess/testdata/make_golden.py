"""Makes the test images of this folder and what Pillow and torchvision read from them.

    python make_golden.py [--onnx efficientnet_lite0.onnx]

Writes images/, golden.json and golden.bin.gz; with --onnx also lite0_features.npy, one row (float16) an image, in
the order of golden.json. Needs pillow, torchvision, numpy, tifffile, opencv-python-headless (for JPEG sampling
that Pillow can't write), scikit-image (for the picture: "chelsea", a photo by Stefan van der Walt, CC0) and, with
--onnx, onnxruntime.

golden.bin.gz is all blobs one after the other; golden.json says where each begins and how long it is. A blob is
8-bit RGB, row by row: the whole decoded picture ("pixels") or what the network sees of it ("crop").

Expected pixels are ImageOps.exif_transpose(image).convert("RGB"). The one exception is 16-bit grey, where Pillow
clips and this project keeps the high byte, as Pillow itself does for 16-bit RGB.
"""

import argparse
import gzip
import io
import json
import pathlib
import shutil
import struct
import zlib

import cv2
import numpy as np
import PIL
import skimage
import tifffile
import torch
import torchvision
from PIL import Image, ImageOps
from torchvision.transforms import functional as F

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = HERE / "images"
WIDTH, HEIGHT = 73, 55  # odd, so that chroma planes and blocks end in the middle of something
ORIENTATION = 274

# The specs under test: the text form of preprocess.Spec, and the same as arguments of expected_crop.
STANDARD = dict(height=48, width=48, crop_pct=0.875, resize="shorter", interpolation="bilinear")
CASES = {
    "size=48x48 crop-pct=0.875 resize=shorter interpolation=bicubic channel-order=rgb scale=255 "
    "mean=0.48145466,0.4578275,0.40821073 std=0.26862954,0.26130258,0.27577711":
        dict(STANDARD, interpolation="bicubic"),
    "size=48x48 crop-pct=1 resize=shorter interpolation=bilinear channel-order=rgb scale=255 mean=0.5,0.5,0.5 std=0.5,0.5,0.5":
        dict(STANDARD, crop_pct=1.0),
    "size=33x57 crop-pct=1 resize=squash interpolation=bilinear channel-order=bgr scale=1 mean=103.939,116.779,123.68 std=1,1,1":
        dict(STANDARD, height=33, width=57, resize="squash"),
    "size=33x33 crop-pct=0.9 resize=squash interpolation=bicubic channel-order=rgb scale=1 mean=0,0,0 std=1,1,1":
        dict(STANDARD, height=33, width=33, resize="squash", interpolation="bicubic"),
    # 95 / 0.5 = 190, larger than the picture: enlarging, and a crop of odd margins.
    "size=95x95 crop-pct=0.5 resize=shorter interpolation=bicubic channel-order=rgb scale=255 "
    "mean=0.485,0.456,0.406 std=0.229,0.224,0.225":
        dict(STANDARD, height=95, width=95, crop_pct=0.5, interpolation="bicubic"),
}
CASE_IMAGES = ["png-rgb.png", "jpeg-420.jpg", "tall.png"]


def picture(width=WIDTH, height=HEIGHT):
    """A cat's face: fur is detail, the background smooth, the colours strong."""
    face = skimage.data.chelsea()[10:270, 60:415]
    return Image.fromarray(face).resize((width, height), Image.Resampling.LANCZOS)


def write_png(name, samples, colour_type, interlaced=False):
    """Writes what Pillow can't: 16 bits a sample, and Adam7. samples is height × width × channels."""
    depth = 16 if samples.dtype == np.uint16 else 8
    height, width = samples.shape[:2]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x0, y0, dx, dy in passes:
        part = samples[y0::dy, x0::dx]
        if part.size:
            raw += b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in part)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    (IMAGES / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def exif(orientation):
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def write_jpegs(rgb):
    def save(name, im=rgb, **options):
        im.save(IMAGES / name, **{"quality": 85, **options})

    for ratio in ("4:4:4", "4:2:2", "4:2:0"):
        save(f"jpeg-{ratio.replace(':', '')}.jpg", subsampling=ratio)
    bgr = np.asarray(rgb)[:, :, ::-1]
    for ratio, factor in (("440", cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440), ("411", cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411)):
        cv2.imwrite(str(IMAGES / f"jpeg-{ratio}.jpg"), bgr,
                    [cv2.IMWRITE_JPEG_QUALITY, 85, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor])
    save("jpeg-progressive.jpg", progressive=True, subsampling="4:2:0")
    save("jpeg-progressive-422.jpg", progressive=True, subsampling="4:2:2", quality=60)
    save("jpeg-restart.jpg", restart_marker_blocks=3)
    save("jpeg-grey.jpg", rgb.convert("L"))
    save("jpeg-rgb.jpg", keep_rgb=True)
    save("jpeg-cmyk.jpg", cmyk(rgb))
    save("jpeg-quality-30.jpg", quality=30)
    for orientation in range(1, 9):
        save(f"jpeg-orientation-{orientation}.jpg", exif=exif(orientation), quality=80)
    save("jpeg-orientation-0.jpg", exif=exif(0), quality=80)
    save("übermäßig-日本.jpg", quality=75)
    save("narrow-420.jpg", picture(4, 30), subsampling="4:2:0")
    save("narrow-422.jpg", picture(3, 30), subsampling="4:2:2")
    save("wide.jpg", picture(290, 3), subsampling="4:2:0")
    save("one-pixel.jpg", picture(1, 1))

    # EXIF whose directory points past its end.
    broken = b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12\0\x03\0\0\0\x01\0"
    save("jpeg-exif-broken.jpg", exif=broken)

    # YCCK, which Pillow reads but can't write: the four planes as CMYK, then the Adobe transform changed from 0 to 2.
    inks = np.asarray(cmyk(rgb))
    ycc = np.asarray(Image.fromarray(255 - inks[:, :, :3]).convert("YCbCr"))
    planes = np.dstack([ycc, inks[:, :, 3:]])
    planes[:, :, :3] = 255 - planes[:, :, :3]  # Pillow inverts on writing; Y, Cb and Cr must not be
    data = io.BytesIO()
    Image.frombytes("CMYK", rgb.size, planes.tobytes()).save(data, "JPEG", quality=85)
    data = bytearray(data.getvalue())
    at = data.index(b"Adobe")
    assert data[at + 11] == 0
    data[at + 11] = 2
    (IMAGES / "jpeg-ycck.jpg").write_bytes(data)

    # CMYK without an Adobe segment.
    data = bytearray((IMAGES / "jpeg-cmyk.jpg").read_bytes())
    at = data.index(b"Adobe") - 4
    del data[at:at + 16]
    (IMAGES / "jpeg-cmyk-plain.jpg").write_bytes(data)


def cmyk(rgb):
    """CMYK with black in it, unlike convert("CMYK")."""
    a = 255 - np.asarray(rgb).astype(int)
    k = a.min(axis=2, keepdims=True) * 3 // 4
    c = np.clip((a - k) * 255 // np.maximum(255 - k, 1), 0, 255)
    return Image.frombytes("CMYK", rgb.size, np.concatenate([c, k], axis=2).astype(np.uint8).tobytes())


def with_alpha(rgb):
    """A ramp of alpha that is 0 in a corner, where the colours beneath must survive."""
    y, x = np.mgrid[0:rgb.height, 0:rgb.width]
    out = rgb.convert("RGBA")
    out.putalpha(Image.fromarray(np.clip((x + y) * 2 - 40, 0, 255).astype(np.uint8)))
    return out


def sixteen_bits(rgb):
    a = np.asarray(rgb).astype(np.uint16)
    noise = np.random.default_rng(1).integers(0, 256, a.shape, dtype=np.uint16)
    return a << 8 | noise


def write_pngs(rgb):
    grey, alpha, palette = rgb.convert("L"), with_alpha(rgb), rgb.quantize(64)
    rgb.save(IMAGES / "png-rgb.png")
    write_png("png-interlaced.png", np.asarray(rgb), 2, interlaced=True)
    grey.save(IMAGES / "png-grey.png")
    alpha.convert("LA").save(IMAGES / "png-grey-alpha.png")
    alpha.save(IMAGES / "png-alpha.png")
    palette.save(IMAGES / "png-palette.png")
    palette.save(IMAGES / "png-palette-transparent.png", transparency=bytes(range(0, 256, 4)))
    rgb.quantize(13).save(IMAGES / "png-palette-4bit.png", bits=4)
    rgb.save(IMAGES / "png-transparent-colour.png", transparency=rgb.getpixel((5, 5)))
    rgb.convert("1").save(IMAGES / "png-1bit.png")
    write_png("png-grey-16bit.png", sixteen_bits(rgb)[:, :, 0], 0)
    write_png("png-rgb-16bit.png", sixteen_bits(rgb), 2)
    write_png("png-alpha-16bit.png", np.dstack([sixteen_bits(rgb), sixteen_bits(rgb)[:, :, 0]]), 6)
    rgb.save(IMAGES / "png-orientation-6.png", exif=exif(6))
    rgb.save(IMAGES / "cafe\u0301.png")  # an e and a combining accent
    picture(5, 190).save(IMAGES / "tall.png")
    picture(1, 1).save(IMAGES / "one-pixel.png")


def write_others(rgb):
    alpha, palette = with_alpha(rgb), rgb.quantize(100)
    mirrored = ImageOps.mirror(rgb)

    rgb.save(IMAGES / "webp-lossy.webp", quality=80)
    rgb.crop((0, 0, 72, 54)).save(IMAGES / "webp-lossy-even.webp", quality=80)
    rgb.save(IMAGES / "webp-lossless.webp", lossless=True)
    alpha.save(IMAGES / "webp-lossy-alpha.webp", quality=80, exact=True)
    alpha.save(IMAGES / "webp-lossless-alpha.webp", lossless=True, exact=True)
    rgb.save(IMAGES / "webp-animated.webp", save_all=True, append_images=[mirrored], quality=80)
    rgb.save(IMAGES / "webp-orientation-8.webp", lossless=True, exif=exif(8))

    palette.save(IMAGES / "gif-palette.gif")
    palette.save(IMAGES / "gif-animated.gif", save_all=True, append_images=[mirrored.quantize(20)])
    palette.save(IMAGES / "gif-transparent.gif", transparency=palette.getpixel((3, 3)), interlace=1)
    rgb.convert("L").save(IMAGES / "gif-grey.gif")
    data = bytearray((IMAGES / "gif-transparent.gif").read_bytes())
    data[6:10] = struct.pack("<HH", WIDTH + 20, HEIGHT + 9)  # a screen larger than the frame
    (IMAGES / "gif-small-frame.gif").write_bytes(data)

    rgb.save(IMAGES / "bmp-24bit.bmp")
    palette.save(IMAGES / "bmp-palette.bmp")
    rgb.convert("1").save(IMAGES / "bmp-1bit.bmp")
    alpha.save(IMAGES / "bmp-32bit.bmp")

    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        rgb.save(IMAGES / f"tiff-{compression.removeprefix('tiff_')}.tif", compression=compression)
    alpha.save(IMAGES / "tiff-alpha.tif", compression="tiff_lzw")
    palette.save(IMAGES / "tiff-palette.tif", compression="tiff_lzw")
    rgb.convert("1").save(IMAGES / "tiff-1bit.tif")
    cmyk(rgb).save(IMAGES / "tiff-cmyk.tif", compression="tiff_lzw")
    rgb.save(IMAGES / "tiff-orientation-3.tif", compression="tiff_lzw", exif=exif(3))
    tifffile.imwrite(IMAGES / "tiff-grey-16bit.tif", sixteen_bits(rgb)[:, :, 0], photometric="minisblack")
    tifffile.imwrite(IMAGES / "tiff-rgb-16bit.tif", sixteen_bits(rgb), photometric="rgb", byteorder=">",
                     compression="zlib", predictor=True)
    tifffile.imwrite(IMAGES / "tiff-tiled.tif", np.asarray(rgb), photometric="rgb", tile=(32, 32), compression="zlib")


def expected_pixels(path):
    im = Image.open(path)
    if im.mode.startswith("I;16"):
        im.load()
        return Image.fromarray((np.asarray(im) >> 8).astype(np.uint8)).convert("RGB")
    return ImageOps.exif_transpose(im).convert("RGB")


def expected_crop(im, height, width, crop_pct, resize, interpolation):
    mode = {"bilinear": F.InterpolationMode.BILINEAR, "bicubic": F.InterpolationMode.BICUBIC}[interpolation]
    if resize == "squash":
        return F.resize(im, [height, width], mode)
    assert height == width
    return F.center_crop(F.resize(im, [round(height / crop_pct)], mode), [height, width])


def features(path):
    """What EfficientNet-Lite0 sees in every image: one row each."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda im: session.run(["features"], {
        name: ((np.asarray(expected_crop(im, 224, 224, 0.875, "shorter", "bilinear"), np.float32) - 127) / 128)
        .transpose(2, 0, 1)[None]})[0].ravel()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--onnx", type=pathlib.Path, help="EfficientNet-Lite0 with an output called features")
    args = parser.parse_args()

    shutil.rmtree(IMAGES, ignore_errors=True)
    IMAGES.mkdir()
    rgb = picture()
    write_jpegs(rgb)
    write_pngs(rgb)
    write_others(rgb)

    blobs, places = bytearray(), {}

    def blob(im):
        data = np.asarray(im).tobytes()
        if data not in places:
            places[data] = (len(places), len(blobs), len(data))
            blobs.extend(data)
        return places[data][0]

    golden = {
        "made_with": {m.__name__: m.__version__ for m in (PIL, torchvision, np, tifffile, cv2, skimage)},
        "crop_of_images": "size=48x48 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb scale=255 "
                          "mean=0.485,0.456,0.406 std=0.229,0.224,0.225",
        "images": [], "cases": [],
    }
    rows = []
    read = features(args.onnx) if args.onnx else None
    for path in sorted(IMAGES.iterdir()):
        im = expected_pixels(path)
        golden["images"].append({"file": path.name, "width": im.width, "height": im.height,
                                 "pixels": blob(im), "crop": blob(expected_crop(im, **STANDARD))})
        if read:
            rows.append(read(im))
    for spec, arguments in CASES.items():
        fields = dict(field.split("=") for field in spec.split())
        mean, std = (torch.tensor([float(v) for v in fields[k].split(",")], dtype=torch.float64) for k in ("mean", "std"))
        for name in CASE_IMAGES:
            crop = expected_crop(expected_pixels(IMAGES / name), **arguments)
            tensor = torch.from_numpy(np.array(crop)).double().permute(2, 0, 1) / float(fields["scale"])
            if fields["channel-order"] == "bgr":
                tensor = tensor.flip(0)
            tensor = F.normalize(tensor, mean, std)
            golden["cases"].append({"spec": spec, "file": name, "crop": blob(crop),
                                    "channel_means": tensor.mean((1, 2)).tolist(),
                                    "channel_stds": tensor.std((1, 2), correction=0).tolist()})
    golden["blobs"] = [[at, length] for _, at, length in sorted(places.values())]

    (HERE / "golden.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with gzip.GzipFile(HERE / "golden.bin.gz", "wb", 9, mtime=0) as f:
        f.write(blobs)
    if read:
        np.save(HERE / "lite0_features.npy", np.stack(rows).astype(np.float16))


if __name__ == "__main__":
    main()
