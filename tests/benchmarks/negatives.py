"""How the job `negatives` keeps its models busy. Sets, each a run or several of the job on data made here:

server  error injection by a model server of fixed service time and capacity (peers/openai_fake.py: 200 ms, 64 at once): how busy two executors
        keep it, over 10,000 rows
swap    exchanged words of a million rows: time, memory, files, and how long no task ran, by phase
engine  answers of the demo's model to weakened pictures: the job in one slot beside a bare loop over the engine (WeakenLoop), taking turns
scale   answers of a model of 35 M parameters to weakened pictures, 288 prompts, by one executor of one thread and by two, taking turns; compared row by row

engine and scale need the demo's stages `shard-instruct` and `sft` (--demo, the root of a finished run of conf/sample.conf). Their rates are those behind the
first block of rows of a process, in which the model is opened and the JVM warms up; `stage` is all that the job reports for its stage.

bin/benchmark.sh negatives starts it.
"""

import argparse
import collections
import functools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent
PEERS = HERE / "peers"
sys.path.insert(0, str(PEERS))
SETS = ("server", "swap", "engine", "scale")
COLORS = ("red", "blue", "green", "yellow", "black", "white", "brown", "orange")
THINGS = ("ball", "car", "cup", "door", "kite", "hat", "boat", "chair")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--server-rows", type=int, default=10_000)
    parser.add_argument("--swap-rows", type=int, default=1_000_000)
    parser.add_argument("--demo", type=Path, default=HOME / "out" / "sample", help="root of a finished run of conf/sample.conf")
    parser.add_argument("--class-path", help="of lib-spark's tests")
    parser.add_argument("--rounds", type=int, default=1, help="times one, other, other, one of engine and scale")
    return parser.parse_args()


def submit(work, job, root, config, stage=None, master="local[2]", options=(), java=""):
    """Runs a job, and returns its result and its peak of resident memory, all processes of it together."""
    command = [HOME / "bin" / "submit.sh", job, "--conf", config, "--set", f"root={root}", "--master", master]
    command += ["--stage", stage] if stage else []
    command += ["--", *options] if options else []
    with tempfile.TemporaryFile("w+", dir=work) as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=errors, text=True,
                                   env={**os.environ, "BALLAST_DRIVER_JAVA_OPTIONS": java})
        watch = subprocess.Popen([sys.executable, PEERS / "rss_watch.py", "--pid", str(process.pid), "--children"], stdout=subprocess.PIPE, text=True)
        output = process.communicate()[0]
        seconds = time.perf_counter() - begin
        peak = json.loads(watch.communicate()[0].strip().splitlines()[-1])
        if process.returncode:
            errors.seek(0)
            raise SystemExit(errors.read()[-4000:])
    result = json.loads(output.strip().splitlines()[-1])
    return result["stages"], seconds, peak


def captions(work, rows, name):
    """A finished data stage with text-only prompts, each with a caption that has words of a lexicon."""
    root = work / f"out-{name}"
    if (root / "data" / "manifest.json").is_file():
        return root
    source = work / "loop.jsonl"
    with source.open("w") as out:
        for i in range(rows):
            text = f"A {COLORS[i % 8]} {THINGS[i // 8 % 8]} lies to the left of number {i} on the table, and two people look at it."
            out.write(json.dumps({"id": f"c{i:08d}", "conversations": [{"from": "human", "value": f"Describe scene {i}."}, {"from": "gpt", "value": text}]}) + "\n")
    submit(work, "shard", root, configuration(work, name, ""), "data")
    return root


def configuration(work, name, stage):
    """A configuration of the data stage and another."""
    config = work / f"{name}.conf"
    data = f'data {{ job = shard, format = llava-instruct, sources = [{{ split = train, annotations = "{work / name}.jsonl" }}] }}'
    config.write_text(f'root = "{work}/out-{name}"\nstages {{\n{data}\n{stage}}}\n')
    return config


def server(args):
    name = f"server-{args.server_rows}"
    root = captions(args.work, args.server_rows, name)
    port = args.work / "port"
    port.unlink(missing_ok=True)
    fake = subprocess.Popen([sys.executable, PEERS / "openai_fake.py", "--port", "0", "--port-file", port, "--tokens", "22"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not port.is_file() or not port.read_text():
            time.sleep(0.05)
        base = f"http://127.0.0.1:{port.read_text()}"
        config = configuration(args.work, name, f'''rewritten {{
  job = negatives
  inputs {{ data = data }}
  weaken.enabled = false
  retrieve.enabled = false
  inject {{ enabled = true, backend = chat, max-tokens = 256 }}
  chat {{ endpoints = ["{base}/v1"], model = fake, concurrency = 64, concurrency-per-endpoint = 64 }}
  quality {{ rules = [] , attempts = 1 }}
  unit-rows = 32
  wave-units = 100
  execution {{ wave-seconds = 10, waves-at-once = 2, units-at-once = 8 }}
}}
''')
        shutil.rmtree(root / "rewritten", ignore_errors=True)
        pauses = args.work / "driver-gc.log"
        stages, seconds, peak = submit(args.work, "negatives", root, config, "rewritten", "local-cluster[2,2,1024]", ("--driver-memory", "1g"),
                                       f"-Xlog:gc:file={pauses}:uptime:filecount=0")
        stats = json.load(urllib.request.urlopen(f"{base}/stats"))
    finally:
        fake.terminate()
    stage = stages["rewritten"]
    print(f"server: {args.server_rows} rows, {stats['requests']} requests, {stats['answered_per_s']} a second of {stats['limit_per_s']} possible, "
          f"busy {100 * stats['busy_fraction']:.1f} % (goal >= 97), service {stats['service_ms_mean']} ms, longest queue {stats['max_queue']}; "
          f"stage {stage['seconds']:.1f} s, whole command {seconds:.1f} s, peak {peak['peak_rss_mib']:.0f} MiB of all processes; rows {stage['rows']}", flush=True)
    print(f"        live heap of the driver after collections, MiB, in tenths of the run: {' '.join(map(str, live(pauses)))}", flush=True)


def live(log):
    """Least heap in MiB that a collection left in each tenth of the time that a log of collections covers; `-` where there was none."""
    found = [(float(at), int(mib)) for at, mib in re.findall(r"^\[([0-9.]+)s\].*Pause .*->(\d+)M\(", log.read_text(), re.MULTILINE)]
    tenths = [[] for _ in range(10)]
    for at, mib in found:
        tenths[min(9, int(10 * at / found[-1][0]))].append(mib)
    return [min(values, default="-") for values in tenths]


def swap(args):
    name = f"swap-{args.swap_rows}"
    root = captions(args.work, args.swap_rows, name)
    config = configuration(args.work, name, '''swapped {
  job = negatives
  inputs { data = data }
  weaken.enabled = false
  retrieve.enabled = false
  swap.enabled = true
}
''')
    shutil.rmtree(root / "swapped", ignore_errors=True)
    logs = Path(tempfile.mkdtemp(dir=args.work))
    stages, seconds, peak = submit(args.work, "negatives", root, config, "swapped", "local[2]",
                                   ("--driver-memory", "2g", *logged(logs)))
    log = next(logs.iterdir())
    shares = phases(log, "swapped")
    committing = sum(shares[phase][1] for phase in ("plan", "waves", "store"))
    files = [path for path in (root / "swapped").rglob("*") if path.is_file()]
    stage = stages["swapped"]
    print(f"swap: {args.swap_rows} rows in {stage['seconds']:.1f} s ({args.swap_rows / stage['seconds']:.0f} a second), whole command {seconds:.1f} s, "
          f"peak {peak['peak_rss_mib']:.0f} MiB; "
          f"of the time between the first task and the last no task ran for {committing:.1f} % in plan and commits (goal < 5), {sum(idle for _, idle in shares.values()):.1f} % in all: "
          f"{', '.join(f'{phase} {idle:.1f} of its {took:.1f}' for phase, (took, idle) in shares.items())}; "
          f"{len(files)} files, {sum(path.stat().st_size for path in files) / args.swap_rows:.0f} bytes a row; rows {stage['rows']}", flush=True)
    shutil.rmtree(logs)


def logged(folder):
    """Options of spark-submit that have Spark write its event log into a folder."""
    return "--conf", "spark.eventLog.enabled=true", "--conf", "spark.eventLog.compress=false", "--conf", f"spark.eventLog.dir={folder.as_uri()}"


def events(log, *names):
    """The events of these names in one of Spark's event logs."""
    for line in log.read_text().splitlines():
        event = json.loads(line)
        if event["Event"] in names:
            yield event


def phases(log, stage):
    """For each phase of a stage its share of the time between the first task and the last, and the part of it in which no task ran; both in percent."""
    owner, tasks = {}, []
    for event in events(log, "SparkListenerJobStart", "SparkListenerTaskEnd"):
        if event["Event"] == "SparkListenerJobStart":
            description = event.get("Properties", {}).get("spark.job.description", "")
            owner.update(dict.fromkeys(event["Stage IDs"], "waves" if description.startswith("wave ") else description.removeprefix(f"{stage}: ")))
        else:
            tasks.append((event["Task Info"]["Launch Time"], event["Task Info"]["Finish Time"], owner[event["Stage ID"]]))
    tasks.sort()
    first = end = tasks[0][0]
    took, idle = {}, {}
    for start, stop, phase in tasks:
        idle[phase] = idle.get(phase, 0) + max(0, start - end)
        took[phase] = took.get(phase, 0) + max(0, stop - end)
        end = max(end, stop)
    return {phase: (100 * took[phase] / (end - first), 100 * idle[phase] / (end - first)) for phase in took}


SEED = 17
# how a stage answers weakened pictures: `model` is a stage, `sample` counts prompts, 0 for all
Load = collections.namedtuple("Load", "model sample samples step max_tokens temperature unit_rows batch_rows")
DEMO = Load("sft", 0, 4, 600, 48, 0.2, 256, 64)
SMALL = Load("small", 288, 1, 600, 100, 0.2, 32, 32)


def demo_stage(args, executors, load):
    """A root with the demo's data and the model, and a configuration of a stage that answers its prompts, the first wave of four units an executor."""
    for stage in ("shard-instruct", "sft"):
        if not (args.demo / stage / "manifest.json").is_file():
            raise SystemExit(f"{args.demo} has no finished stage {stage}: run bin/submit.sh pipeline --conf conf/sample.conf first, or name its root by --demo")
    root = args.work / f"demo-{executors}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    shutil.copytree(args.demo / "shard-instruct", root / "shard-instruct")
    shutil.copytree((args.demo if load.model == "sft" else args.work / "imported") / load.model, root / load.model)
    config = args.work / f"demo-{executors}.conf"
    config.write_text(f'''include "{HOME}/conf/sample.conf"
root = "{root}"
seed = {SEED}
stages.small {{ job = import-model, checkpoint = "{args.work}/model-small" }}
stages.weakened {{
  job = negatives
  inputs {{ data = shard-instruct, model = {load.model} }}
  sample = {load.sample}
  weaken {{ samples = {load.samples}, step = {load.step}, max-tokens = {load.max_tokens}, temperature = {load.temperature} }}
  retrieve.enabled = false
  quality {{ rules = [], attempts = 1 }}
  max-failure-rate = 0.5
  splits = [train, val, compositional-val, test, compositional]
  unit-rows = {load.unit_rows}
  batch-size = {load.batch_rows}
  wave-units = {4 * executors}
  execution.waves-at-once = 2
}}
''')
    return root, config


def small_model(args):
    """A LLaVA of 35 M parameters with random weights, imported as a stage: more work a row than the demo's, as real ones have."""
    if (args.work / "imported" / "small" / "manifest.json").is_file():
        return
    subprocess.run([sys.executable, PEERS / "make_model.py", "--out", args.work / "model-small", "--shape", "small"], check=True, stdout=subprocess.DEVNULL)
    config = args.work / "import.conf"
    config.write_text(f'stages.small {{ job = import-model, checkpoint = "{args.work}/model-small" }}\n')
    submit(args.work, "import-model", args.work / "imported", config, "small")


def weakened(args, executors, load, master):
    """Seconds of the stage, answers a second of all executors behind the first task of each, and all answers of each prompt, with those that the rules put aside."""
    import pyarrow.parquet

    root, config = demo_stage(args, executors, load)
    logs = Path(tempfile.mkdtemp(dir=args.work))
    stages, _, _ = submit(args.work, "negatives", root, config, "weakened", master,
                          logged(logs))
    waves, tasks = set(), {}
    for event in events(next(logs.iterdir()), "SparkListenerJobStart", "SparkListenerTaskEnd"):
        if event["Event"] == "SparkListenerJobStart" and event.get("Properties", {}).get("spark.job.description", "").startswith("wave "):
            waves.update(event["Stage IDs"])
        elif event["Event"] == "SparkListenerTaskEnd" and event["Stage ID"] in waves:
            info, written = event["Task Info"], event["Task Metrics"]["Output Metrics"]["Records Written"]
            if written:
                tasks.setdefault(info["Executor ID"], []).append((info["Finish Time"] / 1000, written))
    rows = [(row["prompt_id"], row["response"]) for row in pyarrow.parquet.read_table(root / "weakened" / "completions").to_pylist()]
    rows += [(row["id"], row["raw"]) for row in pyarrow.parquet.read_table(root / "weakened" / "quarantine").to_pylist()]
    shutil.rmtree(logs)
    per_record = len(rows) / sum(written for done in tasks.values() for _, written in done)
    rate = 0
    for done in tasks.values():
        done.sort()
        rate += per_record * sum(written for _, written in done[1:]) / (done[-1][0] - done[0][0])
    return stages["weakened"]["seconds"], rate, collections.Counter(rows)


def loop(args, root):
    """Seconds of the bare loop, answers a second behind its first block, and all its answers of each prompt."""
    import pyarrow.parquet

    pictures = args.work / "demo-pictures"
    pictures.mkdir(exist_ok=True)
    for row in pyarrow.parquet.read_table(root / "shard-instruct" / "images").to_pylist():
        (pictures / row["image_id"]).write_bytes(row["image"]["bytes"])
    prompts = sorted(pyarrow.parquet.read_table(root / "shard-instruct" / "prompts").to_pylist(), key=lambda row: row["prompt_id"])
    source, answers = args.work / "loop.jsonl", args.work / "loop-answers.jsonl"
    source.write_text("".join(json.dumps({"id": row["prompt_id"], "prompt": row["prompt"], "image": str(pictures / row["image_id"])}) + "\n" for row in prompts))
    command = ["java", "-Xmx2g", "-XX:+UseParallelGC", "-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0", "-cp", args.class_path,
               "org.ballast.spark.negative.WeakenLoop", root / "sft" / "checkpoint", source, answers, DEMO.step, DEMO.max_tokens, DEMO.temperature,
               SEED, DEMO.unit_rows, DEMO.batch_rows, DEMO.samples]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"})
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    result = json.loads(done.stdout.strip().splitlines()[-1])
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    return result["seconds"], result["answers_per_s"], collections.Counter((row["id"], row["response"]) for row in rows)


def compare(args, sides, what):
    """Takes turns; prints each, and gives the median rates and seconds of both and their answers."""
    seconds, rates, answers = ([], []), ([], []), [None, None]
    for side in (0, 1, 1, 0) * args.rounds:
        took, rate, answers[side] = sides[side]()
        seconds[side].append(took)
        rates[side].append(rate)
        print(f"  {what[side]}: {took:.1f} s, {rate:.2f} answers/s behind the first rows", flush=True)
    same = (answers[0] & answers[1]).total()
    return list(map(statistics.median, rates)), list(map(statistics.median, seconds)), f"{same} of {answers[0].total()} answers the same"


def engine(args):
    root, _ = demo_stage(args, 1, DEMO)
    rates, _, same = compare(args, (lambda: loop(args, root), lambda: weakened(args, 1, DEMO, "local[1]")), ("bare loop", "job"))
    print(f"engine: loop {rates[0]:.1f} answers/s, job in one slot {rates[1]:.1f} answers/s, ratio {rates[1] / rates[0]:.3f} (goal >= 0.9); {same}", flush=True)


def scale(args):
    small_model(args)
    rates, seconds, same = compare(args, tuple(functools.partial(weakened, args, n, SMALL, f"local-cluster[{n},1,2048]") for n in (1, 2)),
                                   ("one executor", "two executors"))
    print(f"scale: one executor {rates[0]:.2f} answers/s, two {rates[1]:.2f} answers/s, ratio {rates[1] / rates[0]:.2f} (goal >= 1.8); "
          f"whole stage {seconds[0]:.1f} s and {seconds[1]:.1f} s, ratio {seconds[0] / seconds[1]:.2f}; {same}", flush=True)


def main():
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    for name in args.sets:
        globals()[name](args)


if __name__ == "__main__":
    main()
