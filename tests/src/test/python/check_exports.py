"""Reads what the job export wrote with the libraries that it was written for.

    check_exports.py FORMAT STAGE_FOLDER

FORMAT is trl, llama-factory, bpo, webdataset or hf. Prints one JSON object with what was found. Exits with 1 and one line on standard
error at the first thing that is wrong.
"""

import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image

os.environ["HF_HUB_OFFLINE"] = "1"


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(1)


def require(condition, message):
    if not condition:
        fail(message)


def opened(path):
    with Image.open(path) as picture:
        picture.load()
        return list(picture.size)


def loaded(stage, config):
    """A table by the data card, as anybody would who is given the folder."""
    import datasets

    datasets.disable_progress_bars()
    return datasets.load_dataset(str(stage), config, cache_dir=tempfile.mkdtemp())


def check_messages(name, messages, roles):
    """What TRL documents of a conversational column: a list of {role, content}, contents being text."""
    require(isinstance(messages, list) and messages, f"{name} is no list of messages: {messages}")
    for message in messages:
        require(set(message) == {"role", "content"}, f"{name} has a message with {sorted(message)}")
        require(isinstance(message["content"], str), f"{name} has a content that is no text: {message}")
    require([message["role"] for message in messages] == roles, f"{name} has the roles {[m['role'] for m in messages]}")


def check_trl(stage):
    report = {"rows": 0, "pictures": 0, "trl": importlib.util.find_spec("trl") is not None}
    table = "pairs" if (stage / "pairs").is_dir() else "sft"
    answers = ["chosen", "rejected"] if table == "pairs" else ["completion"]
    for split in loaded(stage, table).values():
        for row in split:
            turns = len(row["prompt"])
            check_messages("prompt", row["prompt"], ["user", "assistant"] * (turns // 2) + ["user"])
            for answer in answers:
                check_messages(answer, row[answer], ["assistant"])
            require(all(isinstance(picture, Image.Image) for picture in row["images"]), f"images holds {row['images']}")
            report["rows"] += 1
            report["pictures"] += len(row["images"])
            if report["trl"]:
                check_with_trl(row, answers)
    return report


def check_with_trl(row, answers):
    from trl import data_utils

    require(data_utils.is_conversational({"prompt": row["prompt"]}), "TRL sees no conversation in the prompt")
    for answer in answers:
        messages = data_utils.prepare_multimodal_messages(row["prompt"] + row[answer], row["images"])
        parts = [part for message in messages for part in message["content"]]
        require([part["image"] for part in parts if part["type"] == "image"] == row["images"], "TRL puts other pictures in")
    if "chosen" in row:
        kept = data_utils.maybe_extract_prompt({key: row[key] for key in ("prompt", "chosen", "rejected")})
        require(kept["prompt"] == row["prompt"] and kept["chosen"] == row["chosen"], "TRL takes the prompt apart")


def check_llama_factory(stage):
    """The rules of LLaMA-Factory's data/README.md, and what its converter and its multimodal plugin refuse."""
    import datasets

    datasets.disable_progress_bars()
    report = {}
    for name, info in json.loads((stage / "dataset_info.json").read_text()).items():
        require(info["formatting"] == "sharegpt", f"{name} has the formatting {info['formatting']}")
        ranking = info.get("ranking", False)
        columns = info["columns"]
        rows = datasets.load_dataset(
            "json", data_files=[str(stage / info["file_name"])], split="train", cache_dir=tempfile.mkdtemp()
        )
        require(set(columns.values()) == set(rows.column_names), f"{name} has the columns {rows.column_names}")
        pictures = 0
        for row in rows:
            messages = row[columns["messages"]]
            for index, message in enumerate(messages):
                require(message["from"] == ("human", "gpt")[index % 2], f"{name}: message {index} is from {message['from']}")
            require(len(messages) % 2 == (1 if ranking else 0), f"{name}: {len(messages)} messages")
            texts = [message["value"] for message in messages]
            for column in ("chosen", "rejected") if ranking else ():
                require(row[columns[column]]["from"] == "gpt", f"{name}: {column} is from {row[columns[column]]['from']}")
                texts.append(row[columns[column]]["value"])
            images = row[columns["images"]]
            marks = sum(text.count("<image>") for text in texts)
            require(marks == len(images), f"{name}: {marks} <image> for {len(images)} pictures")
            for image in images:
                # media_dir is dataset_dir where it is not set
                opened(os.path.join(stage, image))
                pictures += 1
        report[name] = {"rows": len(rows), "pictures": pictures}
    return report


def check_bpo(stage):
    report = {}
    for path in sorted((stage / "bpo").glob("*.json")):
        rows = json.loads(path.read_text())
        pictures = 0
        for row in rows:
            require(set(row) <= {"id", "prompt", "image", "completions", "history"}, f"a row has {sorted(row)}")
            for completion in row["completions"]:
                require(set(completion) == {"score", "response", "type"}, f"a completion has {sorted(completion)}")
            if "image" in row:
                said = row["prompt"] + "".join(turn["prompt"] for turn in row.get("history", []))
                require("<image>" in said, f"{row['id']} does not say where its picture is")
                opened(stage / "images" / row["image"])
                pictures += 1
        report[path.stem] = {"rows": len(rows), "pictures": pictures}
    return report


def check_webdataset(stage):
    import webdataset

    report = {}
    for folder in ("samples", "prompts"):
        urls = [str(path) for path in sorted((stage / folder).glob("*.tar"))]
        if not urls:
            continue
        found = {}
        for sample in webdataset.WebDataset(urls, shardshuffle=False, empty_check=False).decode("pil"):
            key = sample["__key__"]
            require(key not in found, f"{folder}: key {key} comes twice")
            content = sample["json"]
            pictures = [value for value in sample.values() if isinstance(value, Image.Image)]
            require(len(pictures) == (1 if "image_id" in content else 0), f"{folder}: {key} has {len(pictures)} pictures")
            if folder == "samples":
                require(sample["cls"] == content["label"], f"{key}: {sample['cls']} in cls, {content['label']} in json")
                require(sample["txt"] == content["caption"], f"{key}: txt and json differ")
            found[key] = content
        report[folder] = {"rows": len(found), "shards": len(urls), "ids": sorted(c.get("sample_id", c.get("prompt_id")) for c in found.values())}
    return report


def check_hf(stage):
    report = {}
    for table in ("samples", "prompts"):
        if not (stage / table).is_dir():
            continue
        splits = loaded(stage, table)
        pictures = 0
        for split in splits.values():
            for row in split:
                require(row["image"] is None or isinstance(row["image"], Image.Image), f"{table}: image is {row['image']}")
                pictures += row["image"] is not None
        any_split = next(iter(splits.values()))
        label = any_split.features["label"]
        report[table] = {
            "rows": {name: split.num_rows for name, split in splits.items()},
            "pictures": pictures,
            "label": type(label).__name__,
            "names": getattr(label, "names", None),
        }
    return report


def main():
    form, stage = sys.argv[1], Path(sys.argv[2])
    require((stage / "manifest.json").exists(), f"{stage} is not finished")
    checks = {
        "trl": check_trl,
        "llama-factory": check_llama_factory,
        "bpo": check_bpo,
        "webdataset": check_webdataset,
        "hf": check_hf,
    }
    print(json.dumps(checks[form](stage)))


if __name__ == "__main__":
    main()
