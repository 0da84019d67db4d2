"""Plants label errors in a feature folder, and counts how many of them a run suspects.

    python scripts/label_errors.py plant FEATURES PLANTED --bins 0,3,7 --errors 60 --steps 2 --seed 1
    finetune --features PLANTED --bins 0,3,7 --folds 5 --out RUN
    python scripts/label_errors.py count PLANTED RUN [PLANTED RUN ...]

plant moves that many labels, drawn at random, by at least --steps classes (--exactly: by just as many), to a class drawn from
those so far away, and lists them in planted.csv. The features are those of the folder that was given. count sets suspects.csv
beside that list: what was found by chance is what as many images drawn blindly would hold. Needs nothing but Python.
"""

import argparse
import bisect
import csv
import os
import pathlib
import random
import statistics


def read(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        w.writeheader()
        w.writerows(rows)


def plant(a):
    source, out = pathlib.Path(a.features).resolve(), pathlib.Path(a.out)
    out.mkdir(parents=True)
    for name in ("features.npy", "meta.json"):
        if (source / name).exists():
            os.symlink(source / name, out / name)
    edges = [float(b) for b in a.bins.split(",")]
    rows, rng, planted = read(source / "index.csv"), random.Random(a.seed), []
    for i in rng.sample(range(len(rows)), a.errors):
        true = bisect.bisect_right(edges, float(rows[i]["label"])) - 1
        far = [c for c in range(len(edges)) if abs(c - true) == a.steps or not a.exactly and abs(c - true) > a.steps]
        moved = rng.choice(far)
        rows[i]["label"] = f"{edges[moved]:g}"
        planted.append({"path": rows[i]["path"], "true": true, "label": moved})
    write(out / "index.csv", rows)
    write(out / "planted.csv", planted)


def count(a):
    print("images  planted  flagged  found  by chance  precision  recall  found in as many as planted")
    recalls = []
    for folder, run in zip(a.pairs[::2], a.pairs[1::2]):
        planted = {r["path"] for r in read(pathlib.Path(folder) / "planted.csv")}
        suspects = [r["path"] for r in read(pathlib.Path(run) / "suspects.csv")]
        judged = [r["path"] for r in read(pathlib.Path(run) / "predictions.csv")]
        planted &= set(judged)
        found = len(planted & set(suspects))
        chance = len(suspects) * len(planted) / len(judged)
        first = len(planted & set(suspects[: len(planted)]))
        recalls.append(found / len(planted))
        print(f"{len(judged):6} {len(planted):8} {len(suspects):8} {found:6} {chance:10.1f} {found / max(1, len(suspects)):10.2f} {recalls[-1]:7.2f} {first:10}")
    print(f"mean recall {statistics.mean(recalls):.2f}")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("plant")
    p.add_argument("features")
    p.add_argument("out")
    p.add_argument("--bins", required=True)
    p.add_argument("--errors", type=int, default=60)
    p.add_argument("--steps", type=int, default=2)
    p.add_argument("--exactly", action="store_true")
    p.add_argument("--seed", type=int, default=0)
    p.set_defaults(do=plant)
    p = commands.add_parser("count")
    p.add_argument("pairs", nargs="+")
    p.set_defaults(do=count)
    a = parser.parse_args()
    a.do(a)


if __name__ == "__main__":
    main()
