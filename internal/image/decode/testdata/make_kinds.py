"""Writes one picture in kinds of files that decoders often refuse or misread, and what Pillow reads from them.

    python make_kinds.py

Makes kinds/ and kinds.json. Needs pillow, numpy, tifffile and imagecodecs.

Expected pixels are ImageOps.exif_transpose(image).convert("RGB"). 16-bit grey is the exception: the high byte of each
sample, or with a white level 255 · sample / white, rounded.
"""

import hashlib
import io
import json
import pathlib
import shutil
import struct
import zlib

import imagecodecs
import numpy as np
import PIL
import tifffile
from PIL import Image, ImageOps, PngImagePlugin

HERE = pathlib.Path(__file__).resolve().parent
KINDS = HERE / "kinds"
WIDTH, HEIGHT = 43, 30
REFUSED = {}  # file: part of the error
WHITE = {}  # file: white level
BY_TIFFFILE = {"big-endian-big.tif", "grey-extra-planar.tif"}  # Pillow reads other files of these kinds only


def picture(width=WIDTH, height=HEIGHT):
    """Colour ramps with a disc and a few lines on them: smooth areas and edges."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([255 * x / width, 255 * y / height, 128 + 100 * np.sin(x / 5 + y / 9)], axis=2)
    rgb[(x - width * 0.6) ** 2 + (y - height * 0.4) ** 2 < height * 2] = (240, 60, 30)
    rgb[(x + 2 * y) % 17 == 0] *= 0.3
    return Image.fromarray(rgb.astype(np.uint8))


def save(name, im, **options):
    im.save(KINDS / name, **options)


def jpeg(im, **options):
    data = io.BytesIO()
    im.save(data, "JPEG", **{"quality": 85, **options})
    return bytearray(data.getvalue())


def segment(data, marker):
    """Returns the offset of a segment's marker."""
    at = 2
    while data[at + 1] != marker:
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return at


def jpeg_of_planes(planes, extra=b""):
    """Composes a JPEG of planes that are sampled each in its own way, (picture, across, down): one scan for each, which
    is that of a grey JPEG of the plane."""
    across, down = max(p[1] for p in planes), max(p[2] for p in planes)
    scans, frame = b"", struct.pack(">BHHB", 8, HEIGHT, WIDTH, len(planes))
    for number, (plane, h, v) in enumerate(planes, 1):
        data = jpeg(plane.resize((-(-WIDTH * h // across), -(-HEIGHT * v // down))))
        start = segment(data, 0xC0)
        tables = data[segment(data, 0xDB):start] + data[start + 2 + int.from_bytes(data[start + 2:start + 4], "big"):segment(data, 0xDA)]
        frame += bytes([number, h << 4 | v, 0])
        scans += b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, number, 0, 0, 63, 0) + data[segment(data, 0xDA) + 10:-2]
    return b"\xff\xd8" + extra + tables + b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + scans + b"\xff\xd9"


def write_jpegs(rgb):
    y, cb, cr = rgb.convert("YCbCr").split()
    black = rgb.convert("L").point(lambda v: 255 - v // 4)
    adobe = b"\xff\xee" + struct.pack(">H", 14) + b"Adobe" + struct.pack(">HHHB", 100, 0, 0, 2)
    for name, planes, extra in (
        ("luma-below-chroma", [(y, 1, 1), (cb, 2, 2), (cr, 2, 2)], b""),
        ("luma-below-chroma-across", [(y, 1, 2), (cb, 2, 1), (cr, 2, 2)], b""),
        ("luma-below-chroma-4", [(y, 1, 1), (cb, 4, 1), (cr, 1, 1)], b""),
        ("luma-below-chroma-ycck", [(y, 1, 1), (cb, 2, 2), (cr, 1, 1), (black, 2, 2)], adobe),
        ("black-below-ycck", [(y, 2, 2), (cb, 1, 1), (cr, 1, 1), (black, 1, 1)], adobe),
    ):
        (KINDS / f"{name}.jpg").write_bytes(jpeg_of_planes(planes, extra))
    data = jpeg(rgb)
    while b"\xff\xc4" in data:  # without Huffman tables, as a frame of a Motion JPEG
        at = segment(data, 0xC4)
        del data[at:at + 2 + int.from_bytes(data[at + 2:at + 4], "big")]
    (KINDS / "no-huffman-tables.jpg").write_bytes(data)


def xmp(orientation):
    return (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{orientation}"/>'
            f"</rdf:RDF></x:xmpmeta>").encode()


def exif(orientation):
    tags = Image.Exif()
    tags[274] = orientation
    return tags


def write_orientations(rgb):
    save("orientation-xmp.jpg", rgb, xmp=xmp(6))
    save("orientation-exif-before-xmp.jpg", rgb, xmp=xmp(6), exif=exif(3))
    save("orientation-xmp.webp", rgb, xmp=xmp(5), lossless=True)
    save("orientation-xmp.tif", rgb, tiffinfo={700: xmp(8)}, compression="tiff_lzw")
    element = xmp(1).replace(b' tiff:Orientation="1"/>', b"><tiff:Orientation>7</tiff:Orientation></rdf:Description>")
    for name, compressed in (("orientation-xmp.png", False), ("orientation-xmp-compressed.png", True)):
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", element.decode(), zip=compressed)
        save(name, rgb, pnginfo=info)
    for name, compressed in (("orientation-imagemagick.png", False), ("orientation-imagemagick-compressed.png", True)):
        profile = exif(8).tobytes()
        digits = profile.hex()
        lines = "\n".join(digits[i:i + 72] for i in range(0, len(digits), 72))
        info = PngImagePlugin.PngInfo()
        info.add_text("Raw profile type exif", f"\nexif\n{len(profile):8d}\n{lines}\n", zip=compressed)
        save(name, rgb, pnginfo=info)


def chunk(kind, data, crc=None):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)


def png(samples, colour, depth, rows=b"", end=True):
    """Returns a PNG of samples, height × bytes of a row; rows follow the last row."""
    height, width = samples.shape[0], WIDTH
    raw = b"".join(b"\0" + row.tobytes() for row in samples) + rows
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(raw)) + (chunk(b"IEND", b"") if end else b""))


def write_pngs(rgb):
    a = np.asarray(rgb).reshape(HEIGHT, -1)
    grey = np.asarray(rgb.convert("L"))
    (KINDS / "surplus-rows.png").write_bytes(png(a, 2, 8, rows=bytes(500)))
    (KINDS / "checksum-after-picture.png").write_bytes(png(a, 2, 8, end=False) + chunk(b"tEXt", b"a\0b", 1) + chunk(b"IEND", b""))
    (KINDS / "no-end.png").write_bytes(png(a, 2, 8, end=False))
    (KINDS / "checksum-of-picture.png").write_bytes(png(a, 2, 8, end=False)[:-4] + bytes(4) + chunk(b"IEND", b""))
    REFUSED["checksum-of-picture.png"] = "checksum of IDAT"
    wrong = bytearray(png(a, 2, 8))
    at = wrong.index(b"IEND") - 12
    wrong[at:at + 4] = bytes(4)
    start = wrong.index(b"IDAT")
    wrong[at + 4:at + 8] = struct.pack(">I", zlib.crc32(bytes(wrong[start:at + 4])))
    (KINDS / "checksum-of-data.png").write_bytes(wrong)
    REFUSED["checksum-of-data.png"] = "checksum"
    for bits in (8, 12):
        values = grey.astype(np.uint16) << (bits - 8)
        name = f"{bits}-bits-in-16.png"
        (KINDS / name).write_bytes(png(values.astype(">u2").view(np.uint8), 0, 16))
        WHITE[name] = (1 << bits) - 1
    colours = (np.asarray(rgb).astype(np.uint16) << 4 | 5).reshape(HEIGHT, -1)
    (KINDS / "12-bits-in-16-rgb.png").write_bytes(png(colours.astype(">u2").view(np.uint8), 2, 16))
    WHITE["12-bits-in-16-rgb.png"] = 4095


def gif_without_palette(data):
    size = 3 << (data[10] % 8 + 1)
    return data[:10] + bytes([data[10] & 0x7F]) + data[11:13] + data[13 + size:]


def write_gifs(rgb):
    data = io.BytesIO()
    rgb.quantize(60).save(data, "GIF")
    data = bytearray(data.getvalue())
    data[6:10] = struct.pack("<HH", WIDTH - 9, HEIGHT - 4)
    (KINDS / "frame-larger-than-screen.gif").write_bytes(data)
    data = io.BytesIO()
    rgb.convert("L").save(data, "GIF")
    (KINDS / "no-palette.gif").write_bytes(gif_without_palette(data.getvalue()))


def bmp(name, bits, pixels, header=40, compression=0, palette=b"", masks=b"", gap=0, height=HEIGHT):
    if header == 12:
        info = struct.pack("<IHHHH", 12, WIDTH, height, 1, bits)
    else:
        colours = len(palette) // 4
        info = struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, bits, compression, len(pixels), 0, 0, colours, 0)
        if header > 40:
            info += (masks + bytes(header))[:header - 40]
            masks = b""
    start = 14 + len(info) + len(masks) + len(palette) + gap
    (KINDS / name).write_bytes(struct.pack("<2sIII", b"BM", start + len(pixels), 0, start) + info + masks + palette + bytes(gap) + pixels)


def rows(array, flip=True):
    """Rows padded to four bytes, the last first."""
    out = b""
    for row in array[::-1] if flip else array:
        data = row.tobytes()
        out += data + bytes(-len(data) % 4)
    return out


def run_lengths(indices, four):
    """Runs for equal indices, literals for others, a jump, and a run beyond the end of a row."""
    out = b""
    for y, row in enumerate(indices[::-1]):
        x = 0
        while x < len(row):
            n = 1
            while x + n < len(row) and row[x + n] == row[x] and n < 255:
                n += 1
            if n >= 3 or len(row) - x < 8:
                value = int(row[x]) * 17 if four else int(row[x])
                out += bytes([n + (5 if x + n == len(row) and y % 7 == 0 else 0), value])
            else:
                n = 5
                part = [int(v) for v in row[x:x + n]]
                if four:
                    part = [part[0] << 4 | part[1], part[2] << 4 | part[3], part[4] << 4]
                out += bytes([0, n, *part]) + bytes(len(part) % 2)
            x += n
        out += b"\0\0"
    return out + b"\0\1"


def write_bmps(rgb):
    a = np.asarray(rgb).astype(np.uint16)
    five, six = a[:, :, :] >> 3, a[:, :, 1] >> 2
    bmp("565.bmp", 16, rows(five[:, :, 0] << 11 | six << 5 | five[:, :, 2]), compression=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    bmp("555.bmp", 16, rows(five[:, :, 0] << 10 | five[:, :, 1] << 5 | five[:, :, 2]))
    xbgr = np.dstack([np.zeros_like(a[:, :, :1]), a[:, :, ::-1]]).astype(np.uint8)
    bmp("xbgr.bmp", 32, rows(xbgr), header=56, compression=3, masks=struct.pack("<IIII", 0xFF000000, 0xFF0000, 0xFF00, 0))
    for colours, bits, compression in ((200, 8, 1), (14, 4, 2)):
        palette = rgb.quantize(colours)
        indices = np.asarray(palette)
        used = int(indices.max()) + 1
        table = np.asarray(palette.getpalette(), np.uint8)[:3 * used].reshape(-1, 3)[:, ::-1]
        four_bytes = np.dstack([table[None], np.zeros((1, used, 1), np.uint8)]).tobytes()
        bmp(f"rle{bits}.bmp", bits, run_lengths(indices, bits == 4), compression=compression, palette=four_bytes)
        if bits == 8:
            bmp("palette-gap.bmp", 8, rows(indices), palette=four_bytes, gap=100)
            bmp("top-down.bmp", 8, rows(indices, flip=False), palette=four_bytes, height=-HEIGHT)
            bmp("os2-palette.bmp", 8, rows(indices), header=12, palette=table.tobytes() + bytes(3 * (256 - used)))
            bmp("os2-2.bmp", 8, rows(indices), header=64, palette=four_bytes)
    bmp("os2.bmp", 24, rows(np.asarray(rgb)[:, :, ::-1]), header=12)


def write_tiffs(rgb):
    a, grey = np.asarray(rgb), np.asarray(rgb.convert("L"))
    bits = rgb.convert("1")
    for zero, name in ((0, "white"), (1, "black")):
        for method in ("group4", "group3"):
            save(f"ccitt-{method}-{name}-is-zero.tif", bits, compression=method, tiffinfo={262: zero})
    planes = np.moveaxis(a, 2, 0)
    wide = planes.astype(np.uint16) * 257
    write = tifffile.imwrite

    def path(name):
        return KINDS / name

    for compression in ("lzw", "zlib", "packbits", "zstd"):
        predictor = compression != "packbits"
        write(path(f"planar-tiled-{compression}.tif"), planes, photometric="rgb", planarconfig="separate", tile=(48, 64),
              compression=compression, predictor=predictor)
    write(path("planar-strips-16bit.tif"), wide, photometric="rgb", planarconfig="separate", rowsperstrip=7, byteorder=">",
          compression="zlib")
    write(path("tiles-16bit-lzw.tif"), a.astype(np.uint16) * 257, photometric="rgb", tile=(16, 16), compression="lzw", predictor=True)
    write(path("big.tif"), a, photometric="rgb", bigtiff=True, compression="zlib")
    write(path("big-endian-big.tif"), a, photometric="rgb", bigtiff=True, byteorder=">")
    write(path("grey-extra.tif"), np.dstack([grey, grey[::-1]]), photometric="minisblack", planarconfig="contig", extrasamples=["unspecified"])
    write(path("grey-extra-planar.tif"), np.stack([grey, grey[::-1]]), photometric="minisblack", planarconfig="separate",
          extrasamples=["unspecified"])
    alpha = np.dstack([a // 2, np.full_like(grey, 128)])
    alpha[:5] = 0
    write(path("premultiplied.tif"), alpha, photometric="rgb", extrasamples=["assocalpha"])
    for tile, name in (((16, 16), "tiles"), (None, "strips")):
        write(path(f"jpeg-{name}.tif"), a, photometric="ycbcr", compression="jpeg", tile=tile, rowsperstrip=None if tile else 16,
              subsampling=(2, 2))
    write(path("jpeg-rgb.tif"), a, photometric="rgb", compression="jpeg")
    write(path("jpeg-grey.tif"), grey, photometric="minisblack", compression="jpeg")
    save("jpeg-tables.tif", rgb, compression="jpeg")
    save("jpeg-cmyk.tif", rgb.convert("CMYK"), compression="jpeg")
    write_packed(path("grey-4bit.tif"), grey >> 4, 4)
    write_packed(path("grey-2bit-white-is-zero.tif"), grey >> 6, 2, photometric=0)
    write_packed(path("grey-4bit-reversed.tif"), grey >> 4, 4, reverse=True)
    write_packed(path("palette-4bit.tif"), np.asarray(rgb.quantize(16)), 4, photometric=3, palette=rgb.quantize(16).getpalette())
    write(path("12-bits-in-16.tif"), grey.astype(np.uint16) << 4, photometric="minisblack")
    WHITE["12-bits-in-16.tif"] = 4095

    write(path("float.tif"), grey.astype(np.float32) / 255, photometric="minisblack")
    write(path("signed.tif"), grey.astype(np.int16), photometric="minisblack")
    write(path("32bit.tif"), grey.astype(np.uint32), photometric="minisblack")
    write(path("lzma.tif"), a, photometric="rgb", compression="lzma")
    save("lab.tif", rgb)
    data = bytearray(path("lab.tif").read_bytes())
    at = data.index(struct.pack("<HHIH", 262, 3, 1, 2))
    data[at + 8:at + 10] = struct.pack("<H", 8)
    path("lab.tif").write_bytes(data)
    REFUSED.update({"float.tif": "floating-point", "signed.tif": "signed", "32bit.tif": "32-bit", "lzma.tif": "LZMA", "lab.tif": "L*a*b*"})


def write_packed(path, values, bits, photometric=1, palette=None, reverse=False):
    """Writes samples of fewer than 8 bits, which tifffile can't."""
    per = 8 // bits
    padded = np.pad(values, ((0, 0), (0, -WIDTH % per)))
    packed = np.zeros((HEIGHT, padded.shape[1] // per), np.uint8)
    for i in range(per):
        packed |= (padded[:, i::per] << (8 - bits * (i + 1))).astype(np.uint8)
    if reverse:
        packed = np.packbits(np.unpackbits(packed, axis=1).reshape(HEIGHT, -1, 8)[:, :, ::-1].reshape(HEIGHT, -1), axis=1)
    pixels = packed.tobytes()
    entries = [(256, 3, WIDTH), (257, 3, HEIGHT), (258, 3, bits), (259, 3, 1), (262, 3, photometric), (266, 3, 2 if reverse else 1),
               (273, 4, 0), (277, 3, 1), (278, 3, HEIGHT), (279, 4, len(pixels))]
    table = b""
    if palette:
        colours = np.zeros((1 << bits, 3), np.uint16)
        values = np.asarray(palette[:3 << bits]).reshape(-1, 3)
        colours[:len(values)] = values
        table = (colours * 257).T.astype("<u2").tobytes()
        entries.append((320, 3, None))
    start = 8 + 2 + 12 * len(entries) + 4
    out = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    for tag, kind, value in entries:
        if tag == 320:
            out += struct.pack("<HHII", tag, kind, 3 << bits, start)
        elif tag == 273:
            out += struct.pack("<HHII", tag, kind, 1, start + len(table))
        else:
            out += struct.pack("<HHI", tag, kind, 1) + (struct.pack("<I", value) if kind == 4 else struct.pack("<HH", value, 0))
    path.write_bytes(out + bytes(4) + table + pixels)


def expected(path):
    if path.name in BY_TIFFFILE:
        values = tifffile.imread(path)
        return np.ascontiguousarray(np.repeat(values[0][:, :, None], 3, axis=2) if "grey" in path.name else values)
    im = Image.open(path)
    if path.name in WHITE and im.mode == "RGB":
        values = tifffile.imread(path) if path.suffix == ".tif" else imagecodecs.png_decode(path.read_bytes())
        return to_white(values, WHITE[path.name])
    if im.mode.startswith("I;16"):
        im.load()
        return np.repeat(to_white(np.asarray(im), WHITE.get(path.name))[:, :, None], 3, axis=2)
    return np.asarray(ImageOps.exif_transpose(im).convert("RGB"))


def to_white(values, white):
    values = values.astype(np.int64)
    if not white:
        return (values >> 8).astype(np.uint8)
    return np.minimum((255 * values + white // 2) // white, 255).astype(np.uint8)


def main():
    shutil.rmtree(KINDS, ignore_errors=True)
    KINDS.mkdir()
    rgb = picture()
    for write in (write_jpegs, write_orientations, write_pngs, write_gifs, write_bmps, write_tiffs):
        write(rgb)
    files = []
    for path in sorted(KINDS.iterdir()):
        entry = {"file": path.name}
        if path.name in REFUSED:
            entry["error"] = REFUSED[path.name]
        else:
            pixels = expected(path)
            entry.update(width=pixels.shape[1], height=pixels.shape[0], white=WHITE.get(path.name, 0),
                         mean=round(float(pixels.mean()), 3), sha256=hashlib.sha256(pixels.tobytes()).hexdigest())
        files.append(entry)
    versions = {m.__name__: m.__version__ for m in (PIL, np, tifffile, imagecodecs)}
    (HERE / "kinds.json").write_text(json.dumps({"made_with": versions, "files": files}, indent=1) + "\n")


if __name__ == "__main__":
    main()
