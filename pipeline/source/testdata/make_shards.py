"""Write the shards that the tests of pipeline/source read, with the libraries that users write theirs with.

pip install webdataset==1.0.2 pyarrow==26.0.1 numpy==2.4.6; python make_shards.py

The images are single pixels of one colour that this script makes; the files are in the public domain.
"""

import json
import struct
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import webdataset as wds

HERE = Path(__file__).parent


def png(grey: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, grey]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def webdataset(name: str, compress: bool) -> None:
    with wds.TarWriter(str(HERE / name), compress=compress, mtime=0) as out:
        for i in range(3):
            out.write({"__key__": f"people/{i:06d}", "png": png(i), "cls": i % 2, "json": {"group": f"p{i}", "votes": {"0": 1, "1": i}}})


def huggingface() -> None:
    """A table as datasets.Dataset.to_parquet writes it: a struct of bytes and path, and class names in the metadata."""
    features = {
        "image": {"_type": "Image"},
        "label": {"names": ["young", "middle", "old"], "_type": "ClassLabel"},
    }
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", image), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    rows = [{"image": {"bytes": png(i), "path": f"{i}.png" if i != 3 else None}, "label": i % 3} for i in range(5)]
    rows += [{"image": None, "label": 1}, {"image": {"bytes": None, "path": "missing.png"}, "label": None}]
    pq.write_table(pa.Table.from_pylist(rows, schema), HERE / "huggingface.parquet", row_group_size=3, compression="zstd")


def spark() -> None:
    """A table as spark.read.format("binaryFile") gives: path and content; with a partition column."""
    table = pa.table({"path": [f"file:///data/{i}.png" for i in range(3)], "length": [67] * 3, "content": [png(i) for i in range(3)],
                      "split": ["train", "val", None]})
    pq.write_table(table, HERE / "spark.parquet", compression="snappy")


def paths() -> None:
    """A table of paths, with dictionary pages, and labels that are numbers."""
    n = 300
    table = pa.table({"path": [f"{i % 7}.png" for i in range(n)], "age": [i / 2 for i in range(n)], "weight": pa.array([1.5] * n, pa.float32()),
                      "votes_a": pa.array(range(n), pa.int32())})
    pq.write_table(table, HERE / "paths.parquet", row_group_size=100, data_page_size=64, compression="gzip")


if __name__ == "__main__":
    webdataset("webdataset.tar", False)
    webdataset("webdataset.tar.gz", True)
    huggingface()
    spark()
    paths()
