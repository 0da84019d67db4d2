#!/usr/bin/env python3
"""Makes docs/explain.png: a demo photo whose right half is ruined, explained by a run on the demo.

    scripts/make_explain_picture.py [FINETUNE]        (Pillow; in the repository's root)

The photo is camera/0 of testdata/demo (Lav Varshney, CC0), which no training picture of the demo shows: the left half is of grade 1, the
right half of grade 5. It is made smaller, of 256 colours, to keep the file small.
"""
import pathlib, subprocess, sys, tempfile

from PIL import Image

finetune = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "bin/finetune").resolve()
folder = pathlib.Path("testdata/demo/images/camera")
with tempfile.TemporaryDirectory() as work:
    photo, ruined = Image.open(folder / "0-grade1.jpg"), Image.open(folder / "0-grade5.jpg")
    right = (photo.width // 2, 0, photo.width, photo.height)
    photo.paste(ruined.crop(right), right[:2])
    photo.save(f"{work}/half-ruined.png")
    subprocess.run([finetune, "-q", "--data", "testdata/demo/demo.csv", "--out", f"{work}/run"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([finetune, "explain", "-q", "--model", f"{work}/run", "--image", f"{work}/half-ruined.png", "--class", "1", "--out", f"{work}/explained.png"], check=True)
    drawn = Image.open(f"{work}/explained.png").convert("RGB")
    drawn = drawn.resize((1000, round(drawn.height * 1000 / drawn.width)), Image.LANCZOS)
    drawn.quantize(256).save("docs/explain.png", optimize=True)
