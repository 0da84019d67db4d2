"""Makes the demo pictures and demo.csv: a quality ladder of five grades, from pristine (1) to ruined (5).

    pip install -r requirements.txt
    python make_demo.py          # writes images/ and demo.csv beside this file

Each of twelve photos that scikit-image's wheel ships gives six square crops, and each crop five pictures, one a
grade. A grade is what a bad camera does, in its order: blur, then noise, then JPEG compression. The strengths of
neighbouring grades don't overlap, so that a person can tell them apart; within a grade they vary a little.

The photos, in alphabetical order, go to train, train, test, and so on: four of twelve are held out, by a rule that
looks at nothing but the names.
"""

import csv
import hashlib
import io
import pathlib
import shutil

import numpy as np
import skimage
from PIL import Image, ImageFilter

HERE = pathlib.Path(__file__).parent
PHOTOS = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "camera": "camera.png",
    "cell": "cell.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "horse": "horse.png",
    "hubble": "hubble_deep_field.jpg",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
}
SEED = 1
CROPS = 6
SIZE = 192  # side of a picture, in pixels
SHARE = (0.5, 0.7)  # side of a crop as a share of the photo's shorter side, never less than SIZE: only shrinking keeps grade 1 sharp
MIN_DETAIL = 6.0  # a quarter of a crop whose grey values spread less (standard deviation) shows nothing to grade

# grade: (blur radius in pixels, standard deviation of the noise out of 255, JPEG quality)
GRADES = {1: (0.0, 0.0, 95), 2: (0.9, 6.0, 50), 3: (1.7, 13.0, 28), 4: (2.7, 22.0, 16), 5: (4.2, 34.0, 8)}
JITTER = 0.12  # blur and noise vary by this share either way


def stream(*names):
    """A generator of its own for each purpose, so that a new photo changes no other's pictures."""
    digest = hashlib.sha256("/".join(map(str, (SEED, *names))).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def open_photo(name):
    image = Image.open(pathlib.Path(skimage.__file__).parent / "data" / PHOTOS[name])
    if image.mode == "RGBA":  # the silhouette lies on a transparent ground
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "L" else image.convert("RGB")


def has_detail(crop):
    """Whether at least three quarters of the crop hold more than an even ground."""
    grey, half = np.asarray(crop.convert("L"), np.float64), SIZE // 2
    quarters = (grey[y : y + half, x : x + half] for y in (0, half) for x in (0, half))
    return sum(q.std() >= MIN_DETAIL for q in quarters) >= 3


def crops(name):
    """Six crops at random places, none of them empty."""
    photo, rng, found = open_photo(name), stream(name, "crops"), []
    while len(found) < CROPS:
        side = max(SIZE, round(min(photo.size) * rng.uniform(*SHARE)))
        x, y = (int(rng.integers(0, length - side + 1)) for length in photo.size)
        crop = photo.resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=(x, y, x + side, y + side))
        if has_detail(crop):
            found.append(crop)
    return found


def degrade(image, grade, rng):
    """The picture as JPEG bytes."""
    blur, noise, quality = GRADES[grade]
    blur, noise = (v * rng.uniform(1 - JITTER, 1 + JITTER) for v in (blur, noise))
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(blur)), np.float64)
    pixels = np.clip(np.rint(pixels + noise * rng.standard_normal(pixels.shape)), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def main():
    images = HERE / "images"
    shutil.rmtree(images, ignore_errors=True)
    rows, total, digest = [], 0, hashlib.sha256()
    for i, name in enumerate(sorted(PHOTOS)):
        split = "test" if i % 3 == 2 else "train"
        (images / name).mkdir(parents=True)
        for c, crop in enumerate(crops(name)):
            for grade in GRADES:
                path = images / name / f"{c}-grade{grade}.jpg"
                data = degrade(crop, grade, stream(name, c, grade))
                path.write_bytes(data)
                total += len(data)
                digest.update(data)
                rows.append((path.relative_to(HERE).as_posix(), grade, split, name))
    with open(HERE / "demo.csv", "w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(("path", "label", "split", "group"))
        writer.writerows(rows)
    print(f"{len(rows)} pictures, {total} bytes, SHA-256 of all {digest.hexdigest()}")


if __name__ == "__main__":
    main()
