#!/usr/bin/env bash
# Starts a Ballast job through Spark's own SparkSubmit.
#
#   bin/submit.sh <job> [--stage NAME] [--conf FILE] [--set key=value]... [--master URL] [-- spark-submit options]
#
# spark-submit of SPARK_HOME, else of PATH, else SparkSubmit from the jars of the build. `--help` lists the jobs.
set -euo pipefail

home="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
spark_jars="$home/jobs/spark-home/target/spark-home/jars"

assembly() { find "$home/jobs/target" -maxdepth 1 -name 'ballast-jobs-*-assembly.jar' 2>/dev/null | head -n 1; }

if [ -z "$(assembly)" ] || [ ! -d "$spark_jars" ]; then
    echo "ballast: no assembly yet, building it with Maven (once)" >&2
    command -v mvn >/dev/null || { echo "ballast: mvn is not on the PATH: install Maven 3.8 or later" >&2; exit 2; }
    (cd "$home" && mvn -B -q -DskipTests -Dspotless.check.skip -pl jobs,jobs/spark-home -am package) >&2 \
        || { echo "ballast: the build failed" >&2; exit 1; }
    echo "ballast: built $(basename "$(assembly)")" >&2
fi

master=""
args=()
spark_options=()
while [ $# -gt 0 ]; do
    case "$1" in
        --master) [ $# -ge 2 ] || { echo "ballast: --master needs a URL" >&2; exit 2; }
                  master="$2"; shift 2 ;;
        --master=*) master="${1#--master=}"; shift ;;
        --) shift; spark_options=("$@"); break ;;
        *) args+=("$1"); shift ;;
    esac
done

# one thread of libtorch and OpenBLAS a task slot: Spark brings the parallelism
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
# large pages for the blocks that libtorch allocates (glibc 2.35 and later): fewer page faults and misses of the address cache
export GLIBC_TUNABLES="${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}"
# ND4J and libtorch keep their memory off the heap; the JVM's own bound on it would follow -Xmx
jvm="-Dorg.bytedeco.javacpp.maxbytes=0 -Dorg.bytedeco.javacpp.maxphysicalbytes=0 -XX:+UseParallelGC"
log="-Dlog4j2.configurationFile=file:$home/conf/log4j2.properties"
options=(
    --class org.ballast.jobs.Main
    --driver-memory "${BALLAST_DRIVER_MEMORY:-2g}"
    --driver-java-options "$jvm $log -Dballast.home=$home ${BALLAST_DRIVER_JAVA_OPTIONS:-}"
    --conf "spark.executor.extraJavaOptions=$jvm"
    --conf "spark.executorEnv.OMP_NUM_THREADS=$OMP_NUM_THREADS"
    --conf "spark.executorEnv.GLIBC_TUNABLES=$GLIBC_TUNABLES"
    --conf spark.ui.showConsoleProgress=false
)
if [ -z "$master" ] && [[ " ${spark_options[*]-} " != *" --master "* ]]; then
    master="${BALLAST_MASTER:-local[*]}"
fi
if [ -n "$master" ]; then
    options+=(--master "$master")
fi
# a run on this machine alone talks to nobody else
if [[ "$master" == local* ]]; then
    export SPARK_LOCAL_IP="${SPARK_LOCAL_IP:-127.0.0.1}"
fi
options+=(${spark_options[@]+"${spark_options[@]}"} "$(assembly)" ${args[@]+"${args[@]}"})

if [ -n "${SPARK_HOME:-}" ] && [ -x "$SPARK_HOME/bin/spark-submit" ]; then
    exec "$SPARK_HOME/bin/spark-submit" "${options[@]}"
elif [ -n "${SPARK_HOME:-}" ]; then
    echo "ballast: SPARK_HOME is $SPARK_HOME, but there is no bin/spark-submit in it" >&2
    exit 2
elif command -v spark-submit >/dev/null; then
    exec spark-submit "${options[@]}"
fi

# What Spark's own spark-class does: its launcher prints an empty line, then the command, NUL after each word.
export SPARK_HOME="$home/jobs/spark-home/target/spark-home" SPARK_SCALA_VERSION=2.12
touch "$SPARK_HOME/RELEASE"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
command -v "$java" >/dev/null || { echo "ballast: no java: install a JDK 17 or set JAVA_HOME" >&2; exit 2; }
command=()
while IFS= read -r -d '' word; do
    command+=("${word#$'\n'}")
done < <("$java" -Xmx128m -cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main \
    org.apache.spark.deploy.SparkSubmit "${options[@]}"; printf '%d\0' $?)
status="${command[-1]}"
unset 'command[-1]'
[ "$status" = 0 ] || exit 2
exec "${command[@]:1}"
