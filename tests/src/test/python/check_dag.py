"""Loads a folder of Airflow DAGs as Airflow does.

    check_dag.py FOLDER

Prints one JSON object: the tasks of each DAG with what their operator would hand to spark-submit. Exits with 1 and one line on standard
error where Airflow cannot import a file.
"""

import json
import os
import sys
import tempfile


def main():
    sys.dont_write_bytecode = True
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp()
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
    # whatever it says on the way is no part of the report
    output, sys.stdout = sys.stdout, sys.stderr
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    bag = DagBag(dag_folder=sys.argv[1])
    if bag.import_errors:
        print(bag.import_errors, file=sys.stderr)
        sys.exit(1)
    report = {
        name: {
            task.task_id: {
                "operator": type(task).__name__,
                "application": task.application,
                "java_class": task._java_class if hasattr(task, "_java_class") else task.java_class,
                "arguments": task.application_args,
                "retries": task.retries,
            }
            for task in dag.tasks
        }
        for name, dag in bag.dags.items()
    }
    print(json.dumps(report), file=output)


if __name__ == "__main__":
    main()
