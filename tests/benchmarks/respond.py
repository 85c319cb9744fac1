"""How the job `respond` scales: the same rows with one executor of one thread and with two, taking turns; answers compared row by row.

A figure is the seconds that the job reports for its stage: planning, tasks and commits, but not the start of the JVMs. bin/benchmark.sh respond starts it.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent
PEERS = HERE / "peers"
sys.path.insert(0, str(PEERS))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=192)
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


def run(args, executors, file, pictures):
    """Seconds of the stage, and the rows of the answer."""
    import pyarrow.parquet

    out = args.work / f"answers-{executors}"
    shutil.rmtree(out, ignore_errors=True)
    settings = {"model": args.work / "model-small", "input": file, "image-root": pictures, "output": out, "max-tokens": args.tokens,
                "unit-rows": args.unit_rows, "batch-size": args.unit_rows, "precision": args.precision}
    command = [HOME / "bin" / "submit.sh", "respond", "--master", f"local-cluster[{executors},1,3072]"]
    command += [part for key, value in settings.items() for part in ("--set", f"respond.{key}={value}")]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    seconds = json.loads(done.stdout.strip().splitlines()[-1])["stages"]["respond"]["seconds"]
    return seconds, sorted(pyarrow.parquet.read_table(out).to_pylist(), key=lambda row: row["id"])


def main():
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    if not (args.work / "model-small" / "model.safetensors").is_file():
        subprocess.run([sys.executable, PEERS / "make_model.py", "--out", args.work / "model-small", "--shape", "small"], check=True, stdout=subprocess.DEVNULL)
    file, pictures = inputs(args)
    seconds, answers = {1: [], 2: []}, {}
    for executors in (1, 2, 2, 1) * args.rounds:
        took, answers[executors] = run(args, executors, file, pictures)
        seconds[executors].append(took)
        print(f"{executors} executor(s): {took:.1f} s", flush=True)
    if answers[1] != answers[2]:
        raise SystemExit("the answers of one and of two executors differ")
    tokens = sum(len(row["token_ids"]) for row in answers[1])
    one, two = (statistics.median(seconds[n]) for n in (1, 2))
    print(f"{args.rows} rows, {tokens} tokens, {args.precision}: {tokens / one:.1f} tokens/s with one executor, {tokens / two:.1f} with two, ratio {one / two:.2f} (goal >= 1.8); same answers")


if __name__ == "__main__":
    main()
