"""The engine beside the libraries that people use, in one run on one machine: generation, contrastive decoding, DPO steps, their memory.

Both sides take turns (peer, Ballast, Ballast, peer, ...), each process does one warm-up and several measured repeats, on the same cores, with the same number
of threads, the same precision, the same checkpoint, prompts and pictures. A figure is the median over all repeats; `spread` is the lowest and the highest.
bin/benchmark.sh mllm starts it and explains the options.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
PACKAGE = "org.ballast.core.mllm"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--class-path", required=True, help="of lib-core's tests")
    parser.add_argument("--work", type=Path, required=True, help="folder for the checkpoint, the dumps and the results")
    parser.add_argument("--java", default="java")
    parser.add_argument("--cores", default="0", help="cores both sides run on (taskset)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", nargs="+", choices=("float32", "bfloat16"), default=["float32", "bfloat16"])
    parser.add_argument("--only", nargs="+", choices=("plain", "early-stop", "contrastive", "dpo", "memory"),
                        default=["plain", "early-stop", "contrastive", "dpo", "memory"])
    parser.add_argument("--rounds", type=int, default=1, help="times peer, Ballast, Ballast, peer")
    parser.add_argument("--repeats", type=int, default=3, help="measured repeats of one process")
    return parser.parse_args()


ARGS = arguments()
MODEL = ARGS.work / "model-small"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": str(ARGS.threads), "MKL_NUM_THREADS": str(ARGS.threads), "HF_HUB_OFFLINE": "1",
               "MALLOC_ARENA_MAX": "1"}


def run(command):
    """The JSON object on the last line of a program's standard output; pinned to the cores."""
    done = subprocess.run(["taskset", "-c", ARGS.cores, *map(str, command)], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr[-4000:])
        raise SystemExit(f"{command[:3]} ended with {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def peer(program, *options):
    return run([sys.executable, PEERS / program, "--threads", ARGS.threads, *options])


def java(main, *options):
    return run([ARGS.java, "-Xmx768m", "-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-cp", ARGS.class_path, f"{PACKAGE}.{main}", *options])


def compare(peers_side, our_side, figure):
    """Takes turns and gives both sides' values of a figure and the last result of each."""
    values, last = {"peer": [], "ballast": []}, {}
    for _ in range(ARGS.rounds):
        for side in ("peer", "ballast", "ballast", "peer"):
            result = (peers_side if side == "peer" else our_side)()
            values[side] += [repeat[figure] for repeat in result["repeats"]]
            last[side] = result
    return values, last


ROWS = []


def report(what, dtype, unit, values, goal, per_peer=1.0, note=""):
    middle = {side: statistics.median(v) for side, v in values.items()}
    row = {
        "what": what, "dtype": dtype, "unit": unit, "peer": middle["peer"], "ballast": middle["ballast"],
        "ratio": middle["ballast"] / middle["peer"] * per_peer, "goal": goal,
        "spread": {side: [min(v), max(v)] for side, v in values.items()}, "repeats": {side: len(v) for side, v in values.items()}, "note": note,
    }
    ROWS.append(row)
    print(f"{what:34} {dtype:9} peer {row['peer']:9.3f}  ballast {row['ballast']:9.3f} {unit:10} ratio {row['ratio']:5.2f}  (goal {goal}) {note}", flush=True)


def generation(mode, dtype):
    flags = {"plain": [], "early-stop": ["--early-stop"], "contrastive": ["--contrastive"]}[mode]
    dump = ARGS.work / f"generate-{mode}-{dtype}.safetensors"

    def peers_side():
        return peer("hf_generate.py", "--model", MODEL, "--dtype", dtype, "--repeats", ARGS.repeats, "--dump", dump, *flags)

    peers_side()  # writes the inputs, and warms the page cache

    def our_side():
        return java("GenerateBenchmark", "--model", MODEL, "--inputs", dump, "--mode", mode, "--precision", dtype, "--repeats", ARGS.repeats)

    values, last = compare(peers_side, our_side, "useful_tokens_per_s")
    goal = {"plain": ">= 1.2", "early-stop": ">= 2", "contrastive": ">= 2"}[mode]
    same = last["ballast"]["same_tokens_as_peer"]
    report(f"generate, {mode}", dtype, "tokens/s", values, goal, note=f"{same} rows with the peer's tokens")


def preference(dtype):
    dump = ARGS.work / f"dpo-{dtype}.safetensors"
    peer("torch_dpo.py", "--model", MODEL, "--dtype", dtype, "--pairs", 4, "--warmup-steps", 0, "--dump", dump)
    pairs = 4 * ARGS.repeats

    def trl():
        return peer("trl_dpo.py", "--model", MODEL, "--dtype", dtype, "--pairs", pairs, "--warmup-steps", 1)

    def ours(negatives):
        return java("DpoStepBenchmark", "--model", MODEL, "--inputs", dump, "--precision", dtype, "--repeats", ARGS.repeats, "--negatives", negatives)

    values, last = compare(trl, lambda: ours(1), "pairs_per_s")
    checked = last["ballast"]["check"]
    note = f"mean log-probs within {checked['mean_log_prob']:.1e}, gradient within {checked['gradient']:.1e} relative of peft's"
    report("DPO, reference at hand", dtype, "pairs/s", values, ">= 2.5", note=note)
    reference = last["ballast"]["reference_s_per_pair"]
    two_epochs = [2 / (2 / each + reference) for each in values["ballast"]]
    report("DPO, 2 epochs with the reference", dtype, "pairs/s", {"peer": values["peer"], "ballast": two_epochs}, ">= 2")
    many = [repeat["pairs_per_s"] for _ in range(2 * ARGS.rounds) for repeat in ours(3)["repeats"]]
    report("DPO, 3 negatives a prompt", dtype, "pairs/s", {"peer": values["peer"], "ballast": many}, ">= 5")


def memory(dtype):
    """Peak resident memory of a process that does two steps, with the same allocator settings on both sides."""
    dump = ARGS.work / f"dpo-{dtype}.safetensors"
    peers_side = peer("trl_dpo.py", "--model", MODEL, "--dtype", dtype, "--pairs", 4, "--warmup-steps", 1)
    values = {"peer": [peers_side["peak_rss_mib"]], "ballast": []}
    result = java("DpoStepBenchmark", "--model", MODEL, "--inputs", dump, "--precision", dtype, "--repeats", 2, "--negatives", 1)
    values["ballast"].append(result["peak_rss_mib"])
    report("DPO, peak memory of the process", dtype, "MiB", values, "<= 0.5")


def main():
    ARGS.work.mkdir(parents=True, exist_ok=True)
    if not (MODEL / "model.safetensors").is_file():
        run([sys.executable, PEERS / "make_model.py", "--out", MODEL, "--shape", "small"])
    for dtype in ARGS.dtype:
        for mode in ("plain", "early-stop", "contrastive"):
            if mode in ARGS.only:
                generation(mode, dtype)
        if "dpo" in ARGS.only:
            preference(dtype)
        if "memory" in ARGS.only:
            memory(dtype)
    out = ARGS.work / "mllm.json"
    with tempfile.NamedTemporaryFile("w", dir=ARGS.work, delete=False) as partial:
        json.dump({"cores": ARGS.cores, "threads": ARGS.threads, "rows": ROWS}, partial, indent=1)
    os.replace(partial.name, out)
    print(f"\n| Work | Precision | Peer | Ballast | Unit | Ratio | Goal |\n|---|---|---|---|---|---|---|")
    for row in ROWS:
        print(f"| {row['what']} | {row['dtype']} | {row['peer']:.3g} | {row['ballast']:.3g} | {row['unit']} | {row['ratio']:.2f} | {row['goal']} |")
    print(f"\n{out}", file=sys.stderr)


if __name__ == "__main__":
    main()
