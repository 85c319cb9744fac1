"""Runs Ballast's pipeline every night by spark-submit: the connection `spark_default` names the cluster."""

from datetime import datetime, timedelta

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

HOME = "/opt/ballast"
CONFIGURATION = "/etc/ballast/nightly.conf"

with DAG(
    dag_id="ballast_nightly",
    description="Shards what is new, and exports it",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    # a stage has one writer at a time
    max_active_runs=1,
    default_args={
        # a retry goes on where the killed run was
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=10),
    },
) as dag:
    SparkSubmitOperator(
        task_id="pipeline",
        conn_id="spark_default",
        application=f"{HOME}/ballast-jobs-assembly.jar",
        java_class="org.ballast.jobs.Main",
        # the stage `data` marks the rows that this night brings
        application_args=["pipeline", "--conf", CONFIGURATION, "--set", "stages.data.window={{ ds }}"],
        name="ballast-nightly",
        driver_memory="2g",
        executor_memory="8g",
        executor_cores=4,
        num_executors=8,
        conf={
            # libtorch computes with one thread a task slot, and its memory lies beyond the heap
            "spark.executorEnv.OMP_NUM_THREADS": "1",
            "spark.executor.memoryOverhead": "4g",
        },
        env_vars={"OMP_NUM_THREADS": "1"},
    )
