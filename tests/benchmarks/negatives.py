"""How the job `negatives` keeps its models busy. Sets, each a run or several of the job on data made here:

server  error injection by a model server of fixed service time and capacity (peers/openai_fake.py: 200 ms, 64 at once): how busy two executors
        keep it, over 10,000 rows
swap    exchanged words of a million rows: time, memory, files, and what planning and commits take

bin/benchmark.sh negatives starts it.
"""

import argparse
import json
import shutil
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
SETS = ("server", "swap")
COLORS = ("red", "blue", "green", "yellow", "black", "white", "brown", "orange")
THINGS = ("ball", "car", "cup", "door", "kite", "hat", "boat", "chair")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--server-rows", type=int, default=10_000)
    parser.add_argument("--swap-rows", type=int, default=1_000_000)
    return parser.parse_args()


def submit(work, job, root, config, stage=None, master="local[2]", options=()):
    """Runs a job, and returns its result and its peak of resident memory, all processes of it together."""
    command = [HOME / "bin" / "submit.sh", job, "--conf", config, "--set", f"root={root}", "--master", master]
    command += ["--stage", stage] if stage else []
    command += ["--", *options] if options else []
    with tempfile.TemporaryFile("w+", dir=work) as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=errors, text=True)
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
    source = work / f"{name}.jsonl"
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
        stages, seconds, peak = submit(args.work, "negatives", root, config, "rewritten", "local-cluster[2,2,1024]", ("--driver-memory", "1g"))
        stats = json.load(urllib.request.urlopen(f"{base}/stats"))
    finally:
        fake.terminate()
    stage = stages["rewritten"]
    print(f"server: {args.server_rows} rows, {stats['requests']} requests, {stats['answered_per_s']} a second of {stats['limit_per_s']} possible, "
          f"busy {100 * stats['busy_fraction']:.1f} % (goal >= 97), service {stats['service_ms_mean']} ms, longest queue {stats['max_queue']}; "
          f"stage {stage['seconds']:.1f} s, whole command {seconds:.1f} s, peak {peak['peak_rss_mib']:.0f} MiB of all processes; rows {stage['rows']}", flush=True)


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
                                   ("--driver-memory", "2g", "--conf", "spark.eventLog.enabled=true", "--conf", "spark.eventLog.compress=false", "--conf", f"spark.eventLog.dir={logs.as_uri()}"))
    log = next(logs.iterdir())
    busy = idle(log)
    files = [path for path in (root / "swapped").rglob("*") if path.is_file()]
    stage = stages["swapped"]
    print(f"swap: {args.swap_rows} rows in {stage['seconds']:.1f} s ({args.swap_rows / stage['seconds']:.0f} a second), whole command {seconds:.1f} s, "
          f"peak {peak['peak_rss_mib']:.0f} MiB; no task ran for {100 * (1 - busy):.1f} % of the time between the first task and the last (goal < 5); "
          f"{len(files)} files, {sum(path.stat().st_size for path in files) / args.swap_rows:.0f} bytes a row; rows {stage['rows']}", flush=True)
    shutil.rmtree(logs)


def idle(log):
    """Share of the time between the first task and the last in which a task ran."""
    spans = []
    for line in log.read_text().splitlines():
        event = json.loads(line)
        if event["Event"] == "SparkListenerTaskEnd":
            spans.append((event["Task Info"]["Launch Time"], event["Task Info"]["Finish Time"]))
    spans.sort()
    ran, end = 0, spans[0][0]
    for start, stop in spans:
        ran += max(0, stop - max(start, end))
        end = max(end, stop)
    return ran / (end - spans[0][0])


def main():
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    for name in args.sets:
        globals()[name](args)


if __name__ == "__main__":
    main()
