"""Opens every table of a finished stage as others do: with pyarrow, DuckDB, and Hugging Face `datasets` in two ways.

    check_stage.py STAGE_FOLDER

Prints one JSON object: for each table its rows by split, the column types that `datasets` sees, and the sizes of the
first decoded pictures. Exits with 1 and one line on standard error at the first thing that is wrong.
"""

import json
import os
import sys
import tempfile
from pathlib import Path


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(1)


def pictures(row):
    """The decoded pictures of a row, and whether the column that should hold one was decoded."""
    from PIL import Image

    found = []
    for name in ("image", "images"):
        if name in row:
            values = row[name] if isinstance(row[name], list) else [row[name]]
            for value in values:
                if value is None:
                    continue
                if not isinstance(value, Image.Image):
                    fail(f"column {name} holds {type(value).__name__} in place of a decoded picture")
                value.load()
                found.append(list(value.size))
    return found


def files_by_split(folder):
    splits = {}
    for path in sorted(folder.rglob("*.parquet")):
        part = path.parent.name
        splits.setdefault(part.removeprefix("split=") if part.startswith("split=") else "full", []).append(str(path))
    return splits


def duck(table, paths):
    """Every column of every row, read by DuckDB and by pyarrow."""
    import duckdb
    import pyarrow.parquet as pq

    relation = duckdb.read_parquet(paths, hive_partitioning=False)
    stored = [pq.read_table(path, partitioning=None) for path in paths]
    if relation.columns != stored[0].column_names:
        fail(f"{table}: DuckDB sees the columns {relation.columns}, pyarrow {stored[0].column_names}")
    for column in relation.columns:
        filled = relation.aggregate(f'count("{column}")').fetchall()[0][0]
        expected = sum(len(part) - part.column(column).null_count for part in stored)
        if filled != expected:
            fail(f"{table}.{column}: DuckDB finds {filled} values, pyarrow {expected}")
    if len(relation.fetchall()) != sum(len(part) for part in stored):
        fail(f"{table}: DuckDB and pyarrow find different numbers of rows")


def check(stage, table, cache):
    import pyarrow.parquet as pq
    from datasets import load_dataset

    splits = files_by_split(stage / table)
    duck(table, [path for paths in splits.values() for path in paths])
    rows = {split: sum(pq.read_table(path, partitioning=None).num_rows for path in paths) for split, paths in splits.items()}
    # by the data card, as anybody would who is given the folder
    card = load_dataset(str(stage), table, cache_dir=cache)
    named = {name: dataset.num_rows for name, dataset in card.items()}
    expected = {split.replace("-", "_"): count for split, count in rows.items()}
    if named != expected:
        fail(f"{table}: load_dataset(folder) gives {named}, the files hold {expected}")
    # by file names alone
    plain = load_dataset("parquet", data_files={split.replace("-", "_"): paths for split, paths in splits.items()}, cache_dir=cache)
    shown, decoded = {}, []
    for name, dataset in plain.items():
        if dataset.num_rows != expected[name]:
            fail(f"{table}/{name}: {dataset.num_rows} rows, the files hold {expected[name]}")
        shown = {column: str(feature) for column, feature in dataset.features.items()}
        for index in range(min(3, dataset.num_rows)):
            decoded += pictures(dataset[index])
            if pictures(card[name][index]) != pictures(dataset[index]):
                fail(f"{table}/{name}: row {index} differs between the two ways of loading")
    return {"rows": rows, "features": shown, "pictures": decoded}


def main():
    stage = Path(sys.argv[1])
    if not (stage / "manifest.json").exists():
        fail(f"{stage} is not finished")
    os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        report = {}
        for folder in sorted(stage.iterdir()):
            if folder.is_dir() and any(folder.rglob("*.parquet")):
                if any(path.stat().st_size for path in folder.rglob("*.parquet")) and has_rows(folder):
                    report[folder.name] = check(stage, folder.name, cache)
    print(json.dumps(report))


def has_rows(folder):
    """`datasets` refuses a split without rows in some versions; an empty quarantine is no fault."""
    import pyarrow.parquet as pq

    return any(pq.ParquetFile(path).metadata.num_rows for path in folder.rglob("*.parquet"))


if __name__ == "__main__":
    main()
