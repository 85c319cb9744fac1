"""`shard` beside `cp -r` and Hugging Face `datasets`: the same pictures, taking turns, with the page cache warm.

Two sets: JPEGs of 100-300 kB (`make_images.py`), and Fashion-MNIST's 70,000 pictures as small PNG files and the same in one tar. A third, `rows`, has no
peer: annotation rows alone (`pictures = reference`), 10 thousand to 10 million, with a driver of 1 GB that does all the work.

A run is timed from the start of its process to its end, once over all pictures and once over the first few. The second is the start-up (JVM, Spark, planning,
imports, commit); `sustained` is the rate of what lies between: (bytes of all - bytes of few) / (seconds of all - seconds of few). Against `cp -r` both
sides are followed by `sync`, within the clock; `datasets` and `shard` beside it leave writing back to the system. bin/benchmark.sh shard starts it.
"""

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent
PEERS = HERE / "peers"
FASHION = Path("/usr/share/datasets/fashion-mnist")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=24_000, help="JPEGs")
    parser.add_argument("--few", type=int, default=2_000, help="of them make the start-up")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sets", nargs="+", choices=("jpeg", "fashion", "rows"), default=("jpeg", "fashion"))
    parser.add_argument("--sides", nargs="+", help="only these, e.g. shard-none datasets-none")
    parser.add_argument("--rows", type=int, nargs="+", default=(10_000, 100_000, 1_000_000, 10_000_000), help="sizes of the set `rows`")
    parser.add_argument("--memory", default="1g", help="of the driver, for the set `rows`")
    parser.add_argument("--master", default="local[2]")
    return parser.parse_args()


class Pictures:
    """A folder of pictures with an annotation file for all of them and one for the first few."""

    def __init__(self, folder, rows, few, archive=None):
        self.folder, self.archive = folder, archive
        self.annotations = {}
        self.bytes = {}
        for name, part in (("all", rows), ("few", rows[:few])):
            self.annotations[name] = folder.parent / f"{folder.name}-{name}.json"
            self.annotations[name].write_text(json.dumps(part))
            self.bytes[name] = sum((folder / row["image"]).stat().st_size for row in part)
        self.rows = {"all": len(rows), "few": few}
        # cp gets a folder of the few alone
        self.few = folder.parent / f"{folder.name}-few"
        shutil.rmtree(self.few, ignore_errors=True)
        for row in rows[:few]:
            target = self.few / row["image"]
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(folder / row["image"], target)

    def warm(self):
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                path.read_bytes()
        if self.archive:
            self.archive.read_bytes()


def jpegs(args):
    folder = args.work / f"jpegs-{args.count}"
    if not (folder / "annotations.json").is_file():
        subprocess.run([sys.executable, PEERS / "make_images.py", "--out", folder, "--count", str(args.count)], check=True, stdout=subprocess.DEVNULL)
    return Pictures(folder, json.loads((folder / "annotations.json").read_text()), args.few)


def fashion(args):
    """Fashion-MNIST's pictures as PNG files, packed as any program would; and all in one tar."""
    import numpy
    from PIL import Image

    if not FASHION.is_dir():
        raise SystemExit(f"{FASHION} is missing: apt-get install dataset-fashion-mnist, or leave the set out (--sets jpeg)")
    folder, archive = args.work / "fashion", args.work / "fashion.tar"
    rows = []
    for part in ("train", "t10k"):
        data = gzip.decompress((FASHION / f"{part}-images-idx3-ubyte.gz").read_bytes())
        labels = gzip.decompress((FASHION / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
        grey = numpy.frombuffer(data, dtype="uint8", offset=16).reshape(-1, 28, 28)
        for i, label in enumerate(labels):
            name = f"{part}/{i // 1000:02d}/{i:05d}.png"
            rows.append({"image_id": len(rows), "image": name, "label": label, "text_input": f"a [mask] {i}"})
            if not archive.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(grey[i]).save(folder / name)
    if not archive.is_file():
        with tarfile.open(archive, "w") as tar:
            tar.add(folder, arcname=".")
    return Pictures(folder, rows, args.few, archive)


def timed(command, sync, **options):
    start = time.perf_counter()
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{command}\n{done.stderr[-4000:]}")
    if sync:
        subprocess.run(["sync"], check=True)
    return time.perf_counter() - start


def copy(args, pictures, part, sync=True):
    out = args.work / "copy"
    shutil.rmtree(out, ignore_errors=True)
    seconds = timed(["cp", "-r", pictures.folder if part == "all" else pictures.few, out], sync)
    shutil.rmtree(out)
    return seconds


def datasets(args, pictures, part, validate):
    """The peer in a process of its own; imports count, as they do on the other side."""
    cache = args.work / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir()
    script = (
        "import argparse, json, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import datasets, datasets_parquet as peer; "
        "datasets.disable_progress_bars(); "
        "args = argparse.Namespace(images=Path(sys.argv[2]), annotations=Path(sys.argv[3]), batch_size=100); "
        "print(peer.build(args, Path(sys.argv[4]) / 'out.parquet', 2, sys.argv[5] == 'True', Path(sys.argv[4])))"
    )
    command = [sys.executable, "-c", script, PEERS, pictures.folder, pictures.annotations[part], cache, validate]
    seconds = timed(command, False, env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
    shutil.rmtree(cache)
    return seconds


def shard(args, pictures, part, check, sync=False, tar=False):
    out = args.work / "stages"
    shutil.rmtree(out, ignore_errors=True)
    images = pictures.archive if tar else pictures.folder
    conf = args.work / "shard.conf"
    conf.write_text(
        f'root = "{out}"\nstages.pictures {{ job = shard, format = openmmlo, images = "{images}", check = {check}, max-failure-rate = 0\n'
        f'sources = [{{ split = train, annotations = "{pictures.annotations[part]}" }}] }}\n'
    )
    command = [HOME / "bin" / "submit.sh", "shard", "--stage", "pictures", "--conf", conf, "--master", args.master]
    seconds = timed(command, sync, env={**os.environ, "BALLAST_DRIVER_MEMORY": "3g"})
    manifest = json.loads((out / "pictures" / "manifest.json").read_text())
    if manifest["rows"]["out"] != pictures.rows[part]:
        raise SystemExit(f"shard wrote {manifest['rows']} of {pictures.rows[part]} rows")
    shutil.rmtree(out)
    steps = ", ".join(f"{step} {millis / 1000:.1f}" for step, millis in manifest["durations_millis"].items())
    print(f"    {check}, {part}: {steps}", flush=True)
    return seconds


def compare(args, name, pictures, sides, goals):
    print(f"\n{name}: {pictures.rows['all']:,} pictures, {pictures.bytes['all'] / 1e9:.2f} GB; {pictures.rows['few']:,} of them for the start-up", flush=True)
    times = {side: {"all": [], "few": []} for side in sides}
    for _ in range(args.rounds):
        for side, run in sides.items():
            for part in ("few", "all"):
                pictures.warm()
                subprocess.run(["sync"], check=True)
                times[side][part].append(run(part))
            print(f"  {side:24} {times[side]['few'][-1]:7.2f} s  {times[side]['all'][-1]:7.2f} s", flush=True)
    rates = {}
    size = pictures.bytes["all"] - pictures.bytes["few"]
    count = pictures.rows["all"] - pictures.rows["few"]
    print("\n| Work | Start-up, s | All, s | Sustained, MB/s | pictures/s |\n|---|---|---|---|---|")
    for side, runs in times.items():
        few, whole = statistics.median(runs["few"]), statistics.median(runs["all"])
        rates[side] = size / 1e6 / (whole - few)
        print(f"| {side} | {few:.1f} | {whole:.1f} | {rates[side]:.3g} | {count / (whole - few):,.0f} |")
    for ours, theirs, goal in goals:
        if ours in rates and theirs in rates:
            print(f"{ours} against {theirs}: {rates[ours] / rates[theirs]:.2f}" + (f" (goal >= {goal})" if goal else ""), flush=True)


def annotation_rows(args):
    """Time and peak memory of `shard` over one JSON array of so many rows, each with a picture of its own that is only named."""
    print("\n| Rows | MB | Process, s | Stage, s | Processor, s | Peak resident, MiB |\n|---|---|---|---|---|---|", flush=True)
    for count in args.rows:
        annotations, out, conf = args.work / "rows.json", args.work / "stages", args.work / "shard.conf"
        with open(annotations, "w") as file:
            file.write("[\n")
            for i in range(count):
                row = {"image_id": f"row{i:08d}", "image": f"{i // 1000:05d}/{i:08d}.jpg", "text_input": f"a [mask] by the water, number {i}", "label": i * i % 997}
                file.write(json.dumps(row) + (",\n" if i < count - 1 else "\n"))
            file.write("]\n")
        shutil.rmtree(out, ignore_errors=True)
        conf.write_text(
            f'root = "{out}"\nstages.rows {{ job = shard, format = openmmlo, images = "{args.work}", pictures = reference, max-failure-rate = 0\n'
            f'sources = [{{ split = train, annotations = "{annotations}" }}] }}\n'
        )
        start = time.perf_counter()
        job = subprocess.Popen(
            list(map(str, [HOME / "bin" / "submit.sh", "shard", "--stage", "rows", "--conf", conf, "--master", args.master])),
            env={**os.environ, "BALLAST_DRIVER_MEMORY": args.memory}, stdout=subprocess.DEVNULL, stderr=open(args.work / "rows.log", "w"))
        _, status, usage = os.wait4(job.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            raise SystemExit((args.work / "rows.log").read_text()[-4000:])
        manifest = json.loads((out / "rows" / "manifest.json").read_text())
        if manifest["rows"]["out"] != count:
            raise SystemExit(f"shard wrote {manifest['rows']} of {count} rows")
        print(f"| {count:,} | {annotations.stat().st_size / 1e6:,.0f} | {seconds:.1f} | {manifest['durations_millis']['total'] / 1000:.1f} "
              f"| {usage.ru_utime + usage.ru_stime:.0f} | {usage.ru_maxrss / 1024:,.0f} |", flush=True)
        shutil.rmtree(out)
        annotations.unlink()


def main():
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    for name in args.sets:
        if name == "rows":
            annotation_rows(args)
            continue
        pictures = jpegs(args) if name == "jpeg" else fashion(args)
        sides = {
            "cp -r": lambda part: copy(args, pictures, part, sync=False),
            "cp -r + sync": lambda part: copy(args, pictures, part),
            "shard header + sync": lambda part: shard(args, pictures, part, "header", sync=True),
            "datasets": lambda part: datasets(args, pictures, part, False),
            "shard none": lambda part: shard(args, pictures, part, "none"),
            "datasets, decoding": lambda part: datasets(args, pictures, part, True),
            "shard full": lambda part: shard(args, pictures, part, "full"),
        }
        if name == "fashion":
            sides["shard full, tar"] = lambda part: shard(args, pictures, part, "full", tar=True)
        if args.sides:
            sides = {side: run for side, run in sides.items() if side in args.sides}
        large = name == "jpeg"
        compare(args, name, pictures, sides, [
            ("shard header + sync", "cp -r + sync", 0.7 if large else None),
            ("shard none", "datasets", 3 if large else None),
            ("shard full", "datasets, decoding", 1.5 if large else None),
            ("shard full, tar", "datasets, decoding", None),
        ])


if __name__ == "__main__":
    main()
