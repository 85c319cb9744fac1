"""Writes the sample files of this folder: pip install pillow pyarrow; python make.py"""

import io
import json
import pathlib
import struct
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = pathlib.Path(__file__).parent
COLOURS = {"red": (200, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200), "grey": (120, 120, 120)}


def picture(colour, kind="png", size=(16, 12)):
    out = io.BytesIO()
    Image.new("RGB", size, COLOURS[colour]).save(out, kind)
    return out.getvalue()


def write(path, content):
    file = HERE / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def rows(path, values):
    write(path, "[\n" + ",\n".join(json.dumps(v, ensure_ascii=False) for v in values) + "\n]\n")


def lines(path, values):
    write(path, "".join(json.dumps(v, ensure_ascii=False) + "\n" for v in values))


def tar(path, members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, body in members:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    write(path, out.getvalue())


def say(question, answer):
    return [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]


for colour in ("red", "green", "blue"):
    write(f"pictures/{colour}.png", picture(colour))

mmlo = [
    {"image_id": "r", "image": "pictures/red.png", "text_input": "a [mask] area", "label": 0},
    {"image_id": "g", "image": "pictures/green.png", "text_input": "a lawn, “cut”", "label": 1},
]
rows("openmmlo.json", mmlo)
lines("openmmlo.jsonl", mmlo)

rows("llava-instruct.json", [
    {"id": "000001", "image": "pictures/red.png",
     "conversations": say("<image>\nWhat colour is it?", "Red.") + say("And its shape?", "A rectangle.")},
    {"id": "000002", "conversations": say("What is 2 + 2?", "4")},
])

rows("sharegpt4v.json", [
    {"id": "sa_1", "image": "pictures/blue.png",
     "conversations": say("Describe this image in detail.\n<image>", "The whole image is an even blue.")},
])

rows("bpo.json", [
    {"id": "b1", "image": "pictures/red.png", "prompt": "<image>\nWhat is in the picture?", "completions": [
        {"score": 0, "response": "A blue area.", "type": "mllm-hal"},
        {"score": 1, "response": "A red area.", "type": "gt"},
        {"score": 0, "response": "A red area with a dog.", "type": "llm-hal"}]},
    {"id": "b2", "image": "pictures/green.png", "prompt": "Which colour?", "completions": [
        {"score": 1, "response": "Green.", "type": "gt"}, {"score": 0, "response": "Grey.", "type": "llm-hal"}]},
])


def rated(model, response, helpfulness, ethics, faithfulness):
    ratings = {"Helpfulness": helpfulness, "Ethical Considerations": ethics, "Visual Faithfulness": faithfulness}
    return {"annotations": {k: {"Rating": v, "Rationale": "as it is"} for k, v in ratings.items()},
            "model": model, "response": response}


vlfeedback = [
    {"id": "red", "prompt": "What is shown?", "models": ["qwen_vl", "llava"], "completions": [
        rated("qwen_vl", "A dog.", "2", "5", "1"), rated("llava", "A red area.", "5", "5", "4")]},
    {"id": "green", "prompt": "What is shown?", "models": ["llava", "gpt4v"], "completions": [
        rated("llava", "A green area.", "4", "N/A", "5"), rated("gpt4v", "Green.", "4", "5", "4.5")]},
]
lines("vlfeedback.jsonl", [dict(row, img_path=f"pictures/{row['id']}.png") for row in vlfeedback])
write("vlfeedback-inside.parquet", b"")
pq.write_table(
    pa.Table.from_pylist([
        dict(row, image={"bytes": picture(row["id"]), "path": f"{row['id']}.png"},
             completions={k: [c[k] for c in row["completions"]] for k in ("annotations", "model", "response")})
        for row in vlfeedback]),
    HERE / "vlfeedback-inside.parquet")

pq.write_table(
    pa.Table.from_pylist([
        {"ds_name": "RLAIF-V", "image": {"bytes": picture(colour, "jpeg"), "path": f"{colour}.jpg"},
         "question": "What colour is it?", "chosen": f"It is {colour}.", "rejected": "It is black.",
         "origin_dataset": "even areas", "idx": str(i),
         "origin_split": json.dumps({"model": "LLaVA-NeXT", "type": "question answering"}),
         "image_path": f"areas/{colour}.jpg"}
        for i, colour in enumerate(("red", "blue"))]),
    HERE / "rlaif-v.parquet", row_group_size=1)

write("minigpt4/filter_cap.json", json.dumps({"annotations": [
    {"image_id": "2", "caption": "The picture is blue from edge to edge."},
    {"image_id": "3", "caption": "A grey area without any object."}]}))
write("minigpt4/image/2.jpg", picture("blue", "jpeg"))
write("minigpt4/image/3.jpg", picture("grey", "jpeg"))

write("image-folder/blue/sky.png", picture("blue"))
write("image-folder/blue/sky.txt", "the sky\nel cielo\n")
write("image-folder/red/brick.jpg", picture("red", "jpeg"))
write("image-folder/red/brick.json", json.dumps({"caption": "a brick", "photographer": "none"}))
write("image-folder/red/plain.png", picture("red"))

lines("image-folder-metadata/metadata.jsonl", [
    {"file_name": "one.png", "text": "An even green."}, {"file_name": "two.png", "text": "An even grey."}])
write("image-folder-metadata/one.png", picture("green"))
write("image-folder-metadata/two.png", picture("grey"))

tar("webdataset-000000.tar", [
    ("a/0001.jpg", picture("red", "jpeg")), ("a/0001.txt", b"a red area"), ("a/0001.cls", b"0"),
    ("a/0002.png", picture("blue")), ("a/0002.cls", b"1"),
    ("a/0002.json", json.dumps({"caption": "a blue area", "url": "none"}).encode())])
tar("webdataset-instruct.tar", [
    ("0001.png", picture("green")), ("0001.json", json.dumps(
        {"conversations": say("<image>\nWhich colour?", "Green.") + say("Sure?", "Yes.")}).encode()),
    ("0002.png", picture("grey")), ("0002.txt", b"An even grey.")])

# pixel p of picture i is 20 i + p
write("idx/areas-images-idx3-ubyte", struct.pack(">4i", 0x0803, 3, 4, 5) + bytes(20 * i + p for i in range(3) for p in range(20)))
write("idx/areas-labels-idx1-ubyte", struct.pack(">2i", 0x0801, 3) + bytes([2, 0, 9]))
