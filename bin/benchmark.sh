#!/usr/bin/env bash
# Benchmarks against the libraries that people use; both sides in one run, on the same cores.
#
#   bin/benchmark.sh mllm [options of tests/benchmarks/mllm.py]         the engine beside transformers and trl
#   bin/benchmark.sh respond [options of tests/benchmarks/respond.py]   the job respond with one executor and with two
#   bin/benchmark.sh shard [options of tests/benchmarks/shard.py]       the job shard beside cp and Hugging Face datasets (12 GB of disk)
#   bin/benchmark.sh negatives [options of tests/benchmarks/negatives.py]  the job negatives: model servers, a million rows, the engine
#
# Needs Python 3.11 (PYTHON names another interpreter) and its package index, for the peers' libraries go into a virtual environment
# under target/benchmarks. BALLAST_PYTHON names an interpreter that has them already. Use an otherwise idle machine.
set -euo pipefail

home="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$home/target/benchmarks"
what="${1-}"
case "$what" in
    mllm | respond | shard | negatives) shift ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac

python="${BALLAST_PYTHON:-$work/python/bin/python}"
if [ ! -x "$python" ]; then
    "${PYTHON:-python3}" -m venv "$work/python"
    "$python" -m pip install -q -r "$home/tests/benchmarks/peers/requirements.txt"
fi

# an OpenBLAS pinned to another processor's kernels would be measured in place of this one's; the peers' library takes its own
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

mkdir -p "$work"
# the workers of a local-cluster keep a copy of the application's jar of every run
trap 'rm -rf "$home/jobs/spark-home/target/spark-home/work"' EXIT
test_classes() {
    (cd "$home" && mvn -B -q -DskipTests -Dspotless.check.skip -pl "$1" test-compile \
        dependency:build-classpath -DincludeScope=test -Dmdep.outputFile="$work/class-path") >&2
}
options=()
case "$what" in
    mllm)
        test_classes lib-core
        options=(--class-path "$home/lib-core/target/test-classes:$home/lib-core/target/classes:$(cat "$work/class-path")") ;;
    negatives)
        test_classes lib-core,lib-spark
        options=(--class-path "$home/lib-spark/target/test-classes:$home/lib-spark/target/classes:$(cat "$work/class-path")") ;;
esac
"$python" "$home/tests/benchmarks/$what.py" --work "$work" ${options[@]+"${options[@]}"} "$@"
