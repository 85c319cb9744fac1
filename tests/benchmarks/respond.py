"""How the job `respond` scales: the same rows with one executor of one thread and with two, taking turns; answers compared row by row.

Two figures. `stage`: the seconds that the job reports for its stage: planning, opening the model in each executor, tasks and commits. `sustained`: rows a
second behind each executor's first unit (in which the model is opened and the JVM warms up), summed over the executors, from Spark's event log.
bin/benchmark.sh respond starts it.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent
PEERS = HERE / "peers"
sys.path.insert(0, str(PEERS))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=288)
    parser.add_argument("--tokens", type=int, default=100, help="of an answer, at most")
    parser.add_argument("--unit-rows", type=int, default=8)
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    parser.add_argument("--rounds", type=int, default=1, help="times one, two, two, one executors")
    return parser.parse_args()


def inputs(args):
    """A file of rows, each with one of 16 pictures."""
    import common

    pictures = args.work / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for i in range(16):
        if not (pictures / f"{i}.png").is_file():
            common.picture(i).save(pictures / f"{i}.png")
    rows = [{"id": f"row{i:05d}", "image": f"{i % 16}.png", "prompt": f"<image>\nWhat is in picture {i}, and what is around it? Describe it."} for i in range(args.rows)]
    file = args.work / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file, pictures


def sustained(events, unit_rows):
    """Rows a second of all executors, behind the first unit of each: units are the tasks of the stage that has the most time."""
    stages = {}
    for line in events.read_text().splitlines():
        event = json.loads(line)
        if event["Event"] == "SparkListenerTaskEnd":
            info = event["Task Info"]
            stages.setdefault(event["Stage ID"], []).append((info["Executor ID"], info["Launch Time"] / 1000, info["Finish Time"] / 1000))
    units = max(stages.values(), key=lambda tasks: sum(end - start for _, start, end in tasks))
    rate = 0.0
    for executor in {task[0] for task in units}:
        ends = sorted(end for name, _, end in units if name == executor)
        rate += unit_rows * (len(ends) - 1) / (ends[-1] - ends[0])
    return rate


def run(args, executors, file, pictures):
    """Seconds of the stage, rows a second behind the first units, and the rows of the answer."""
    import pyarrow.parquet

    out = args.work / f"answers-{executors}"
    shutil.rmtree(out, ignore_errors=True)
    settings = {"model": args.work / "model-small", "input": file, "image-root": pictures, "output": out, "max-tokens": args.tokens,
                "unit-rows": args.unit_rows, "batch-size": args.unit_rows, "precision": args.precision}
    command = [HOME / "bin" / "submit.sh", "respond", "--master", f"local-cluster[{executors},1,3072]"]
    command += [part for key, value in settings.items() for part in ("--set", f"respond.{key}={value}")]
    logs = Path(tempfile.mkdtemp(dir=args.work))
    command += ["--", "--conf", "spark.eventLog.enabled=true", "--conf", "spark.eventLog.compress=false", "--conf", f"spark.eventLog.dir={logs.as_uri()}"]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    seconds = json.loads(done.stdout.strip().splitlines()[-1])["stages"]["respond"]["seconds"]
    rate = sustained(next(logs.iterdir()), args.unit_rows)
    shutil.rmtree(logs)
    return seconds, rate, sorted(pyarrow.parquet.read_table(out).to_pylist(), key=lambda row: row["id"])


def main():
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    if not (args.work / "model-small" / "model.safetensors").is_file():
        subprocess.run([sys.executable, PEERS / "make_model.py", "--out", args.work / "model-small", "--shape", "small"], check=True, stdout=subprocess.DEVNULL)
    file, pictures = inputs(args)
    seconds, rates, answers = {1: [], 2: []}, {1: [], 2: []}, {}
    for executors in (1, 2, 2, 1) * args.rounds:
        took, rate, answers[executors] = run(args, executors, file, pictures)
        seconds[executors].append(took)
        rates[executors].append(rate)
        print(f"{executors} executor(s): stage {took:.1f} s, sustained {rate:.2f} rows/s", flush=True)
    if answers[1] != answers[2]:
        raise SystemExit("the answers of one and of two executors differ")
    tokens = sum(len(row["token_ids"]) for row in answers[1])
    one, two = (statistics.median(seconds[n]) for n in (1, 2))
    slow, fast = (statistics.median(rates[n]) for n in (1, 2))
    print(f"{args.rows} rows, {tokens} tokens, {args.precision}, same answers")
    print(f"sustained: {slow:.2f} rows/s with one executor, {fast:.2f} with two, ratio {fast / slow:.2f} (goal >= 1.8)")
    print(f"whole stage: {one:.1f} s with one executor, {two:.1f} s with two, ratio {one / two:.2f}")


if __name__ == "__main__":
    main()
