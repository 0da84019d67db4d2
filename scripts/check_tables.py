"""Check that pandas, pyarrow and DuckDB read the tables that `finetune predict` writes, with the types and values that were written.

    make peers-check

Needs Go: the tables come from scripts/tables.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CLASSES = ["0-2", "3-9", "10+"]
PROBABILITIES = [f"p_{c}" for c in CLASSES]
COLUMNS = ["path", "predicted", "low", "high", "expected", *PROBABILITIES, "confidence", "error", "features"]


def check_values(frame: pd.DataFrame, rows: int) -> None:
    """The columns follow from each other as scripts/tables made them."""
    assert list(frame.columns) == COLUMNS, list(frame.columns)
    assert len(frame) == rows, len(frame)
    number = np.arange(rows)
    failed = number % 10 == 7
    assert (frame["path"] == [f"shard-{i // 1000:03d}.tar/{i:07d}.jpg" for i in number]).all()
    assert (frame["error"].notna() == failed).all()
    assert set(frame["error"][failed]) == {'no such file, "gone"\nor never there'}
    for column in COLUMNS:
        if column not in ("path", "error"):
            assert (frame[column].isna() == failed).all(), column
    good = frame[~failed]
    p = good[PROBABILITIES].to_numpy(np.float32).astype(np.float64)
    assert np.abs(p.sum(axis=1) - 1).max() < 1e-6
    best = p.argmax(axis=1)
    assert (good["predicted"] == np.array(CLASSES)[best]).all()
    assert (good["low"] == np.array(CLASSES)[np.maximum(best - 1, 0)]).all()
    assert (good["high"] == np.array(CLASSES)[np.minimum(best + 1, 2)]).all()
    assert (good["confidence"].to_numpy(np.float32) == p.max(axis=1).astype(np.float32)).all()
    assert np.abs(good["expected"].to_numpy() - p @ [0, 1, 2]).max() < 1e-12
    features = np.stack(good["features"].to_numpy()).astype(np.float32)
    expected = np.stack([p[:, 0], -p[:, 1], number[~failed], np.full(len(good), 1e-20)], axis=1).astype(np.float32)
    assert (features == expected).all()


def check_parquet(path: pathlib.Path, rows: int) -> None:
    table = pq.read_table(path)
    want = {"expected": pa.float64(), "confidence": pa.float32(), "features": pa.list_(pa.float32())}
    want |= {c: pa.float32() for c in PROBABILITIES}
    for field in table.schema:
        kind = want.get(field.name, pa.string())
        same = field.type.value_type == kind.value_type if pa.types.is_list(kind) else field.type == kind
        assert same and field.nullable, field
    groups = pq.ParquetFile(path).metadata
    assert all(groups.row_group(i).num_rows <= 1 << 16 for i in range(groups.num_row_groups))
    assert groups.num_row_groups == -(-rows // (1 << 16)), groups.num_row_groups
    check_values(table.to_pandas(), rows)
    check_values(pd.read_parquet(path), rows)
    check_values(duckdb.read_parquet(str(path)).df(), rows)
    kinds = dict(zip(duckdb.read_parquet(str(path)).columns, map(str, duckdb.read_parquet(str(path)).types)))
    assert kinds["expected"] == "DOUBLE" and kinds["confidence"] == "FLOAT" and kinds["features"] == "FLOAT[]" and kinds["path"] == "VARCHAR", kinds


def check_csv(path: pathlib.Path, rows: int) -> None:
    def parse(frame: pd.DataFrame) -> pd.DataFrame:
        frame["features"] = [json.loads(f) if isinstance(f, str) else None for f in frame["features"]]
        return frame

    check_values(parse(pd.read_csv(path)), rows)
    check_values(parse(duckdb.sql(f"select * from read_csv('{path}', header=true, all_varchar=false)").df()), rows)


def check_jsonl(path: pathlib.Path, rows: int) -> None:
    def flat(records: list) -> pd.DataFrame:
        for r in records:
            r.update({f"p_{c}": v for c, v in (r.pop("probabilities", None) or {}).items()})
        return pd.DataFrame(records)[COLUMNS]

    check_values(flat([json.loads(line) for line in path.open(encoding="utf-8")]), rows)
    check_values(flat(duckdb.sql(f"select * from read_json('{path}')").df().to_dict("records")), rows)


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--rows", type=int, default=100_000)
    rows = args.parse_args().rows
    root = pathlib.Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["go", "run", "./scripts/tables", folder, str(rows)], cwd=root, check=True)
        for name, check in {"out.parquet": check_parquet, "out.csv": check_csv, "out.jsonl": check_jsonl}.items():
            path = pathlib.Path(folder) / name
            check(path, rows)
            print(f"{name}: {rows} rows, {path.stat().st_size / rows:.1f} bytes a row: as written")


if __name__ == "__main__":
    main()
