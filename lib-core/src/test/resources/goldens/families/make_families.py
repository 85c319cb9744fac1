"""Tiny random models of every family that Ballast reads, and what transformers makes of them.

Run: HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 python make_families.py OUT

Each case is built by transformers, then its configuration is put into the dialect and its tensors into the naming scheme, type and
files of the case, and that directory is what the reference is computed from (`from_pretrained`, no missing and no unexpected tensor).
"""

import json
import os
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MistralConfig,
    Qwen2Config,
)

VOCAB = 90
IMAGE = 88
TEXT = dict(
    vocab_size=VOCAB,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    initializer_range=0.25,
)


def vision(**more):
    return CLIPVisionConfig(
        **{
            **dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=16,
                   patch_size=8, projection_dim=16, initializer_factor=3.0),
            **more,
        }
    )


def llava(text, tower=None, **more):
    return LlavaConfig(vision_config=tower or vision(), text_config=text, image_token_index=IMAGE,
                       initializer_range=0.25, **more)


LLAMA3 = dict(rope_type="llama3", rope_theta=5000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)

# name: (config, naming scheme, stored type, shards, dialect, lengths)
CASES = {
    "llava-mistral": (
        llava(MistralConfig(**TEXT, head_dim=12, sliding_window=8, max_position_embeddings=64, rms_norm_eps=1e-5)),
        "hub", torch.float32, 1, 4, [8, 30]),
    "llava-qwen2-tied": (
        llava(Qwen2Config(**TEXT, tie_word_embeddings=True, use_sliding_window=True, sliding_window=8,
                          max_window_layers=1, max_position_embeddings=64, eos_token_id=[5, 6]), tie_word_embeddings=True),
        "model", torch.bfloat16, 1, 5, [8, 30]),
    "llava-llama3-biases": (
        llava(LlamaConfig(**TEXT, attention_bias=True, mlp_bias=True, rope_parameters=LLAMA3,
                          max_position_embeddings=128)),
        "five", torch.float16, 3, 4, [12, 60]),
    "llava-feature-layers": (
        llava(LlamaConfig(**TEXT, max_position_embeddings=64),
              vision(num_hidden_layers=3, hidden_act="gelu", image_size=27, patch_size=9),
              vision_feature_layer=[-2, 0, 3], vision_feature_select_strategy="full", projector_hidden_act="gelu_new",
              multimodal_projector_bias=False),
        "model-bare", torch.float32, 1, 5, [20]),
    "llava-rim": (
        llava(LlamaConfig(**TEXT, max_position_embeddings=64), vision(image_size=19, hidden_act="gelu_pytorch_tanh"),
              vision_feature_layer=-1, projector_hidden_act="silu"),
        "hub", torch.bfloat16, 2, 4, [14]),
    "llama-linear": (
        LlamaConfig(**TEXT, tie_word_embeddings=True, max_position_embeddings=64,
                    rope_parameters=dict(rope_type="linear", factor=2.5, rope_theta=10000.0)),
        "bare", torch.float16, 1, 4, [40]),
    "llama-dynamic": (
        LlamaConfig(**TEXT, max_position_embeddings=16,
                    rope_parameters=dict(rope_type="dynamic", factor=4.0, rope_theta=10000.0)),
        "bare", torch.float32, 1, 5, [10, 23, 48]),
    "mistral": (
        MistralConfig(**TEXT, sliding_window=None, max_position_embeddings=64,
                      rope_parameters=dict(rope_type="default", rope_theta=1e6)),
        "bare", torch.bfloat16, 1, 4, [30]),
    "qwen2": (
        Qwen2Config(**TEXT, max_position_embeddings=64, bos_token_id=1, eos_token_id=2),
        "bare", torch.float32, 1, 5, [30]),
}


def renamed(name, scheme):
    """From the module paths of transformers 5."""
    if scheme in ("bare", "model-bare"):
        return name
    if scheme == "model":
        return name.replace("model.vision_tower.", "model.vision_tower.vision_model.")
    if name == "lm_head.weight":
        return "language_model.lm_head.weight"
    name = name.removeprefix("model.").replace("language_model.", "language_model.model.")
    return name if scheme == "five" else name.replace("vision_tower.", "vision_tower.vision_model.")


def old_text(text):
    """A decoder's configuration as transformers 4 wrote it."""
    rope = text.pop("rope_parameters")
    text["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    text["rope_scaling"] = None if kind == "default" else {("rope_type" if kind == "llama3" else "type"): kind, **rope}


DEFAULTS = {
    "llama": LlamaConfig().to_dict(), "mistral": MistralConfig().to_dict(), "qwen2": Qwen2Config().to_dict(),
    "clip_vision_model": CLIPVisionConfig().to_dict(), "llava": LlavaConfig().to_dict(),
}


def without_defaults(config):
    default = DEFAULTS[config["model_type"]]
    return {k: v for k, v in config.items() if k in ("model_type", "text_config", "vision_config") or default.get(k) != v}


def old_dialect(config):
    config = dict(config)
    text = config.get("text_config", config)
    for part in (config, text, config.get("vision_config", {})):
        part["torch_dtype"] = part.pop("dtype", None)
        part.pop("layer_types", None)
    old_text(text)
    if "text_config" in config:
        config["text_config"] = without_defaults(text)
        config["vision_config"] = without_defaults(config["vision_config"])
    config = without_defaults(config)
    config["transformers_version"] = "4.41.0"
    return config


def write(name, case, out):
    config, scheme, dtype, shards, dialect, _ = case
    torch.manual_seed(len(name))
    cls = LlavaForConditionalGeneration if config.model_type == "llava" else AutoModelForCausalLM
    model = (cls(config) if cls is LlavaForConditionalGeneration else cls.from_config(config)).to(torch.float32)
    with torch.no_grad():
        for p in model.parameters():  # biases and norms too must show
            if p.dim() == 1:
                p.add_(0.2 * torch.randn_like(p))
    folder = os.path.join(out, name)
    shutil.rmtree(folder, ignore_errors=True)
    model.to(dtype).save_pretrained(folder)
    os.remove(os.path.join(folder, "model.safetensors"))
    tensors = {renamed(k, scheme): v.contiguous() for k, v in model.state_dict().items()
               if not (k == "lm_head.weight" and model.config.tie_word_embeddings)}
    if shards == 1:
        save_file(tensors, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    else:
        index = {"metadata": {"total_size": sum(t.nbytes for t in tensors.values())}, "weight_map": {}}
        names = list(tensors)
        for i in range(shards):
            file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            part = {n: tensors[n] for n in names[i::shards]}
            save_file(part, os.path.join(folder, file), metadata={"format": "pt"})
            index["weight_map"].update({n: file for n in part})
        with open(os.path.join(folder, "model.safetensors.index.json"), "w") as f:
            json.dump(index, f, indent=1, sort_keys=True)
    file = os.path.join(folder, "config.json")
    with open(file) as f:
        written = json.load(f)
    if dialect == 4:
        written = old_dialect(written)
    with open(file, "w") as f:
        json.dump(written, f, indent=1, sort_keys=True)
    return folder


def greedy(model, ids, expected):
    """Twelve tokens, through the cache, without an end."""
    model.generation_config.eos_token_id = None
    more = {"pixel_values": expected["pixels"]} if "pixels" in expected else {}
    out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False, output_logits=True,
                         return_dict_in_generate=True, pad_token_id=0, **more)
    top = torch.stack(out.logits)[:, 0].topk(2).values
    if (top[:, 0] - top[:, 1]).min() < 1e-3:
        return None
    return out.sequences[0, ids.shape[1]:].contiguous()


def reference(folder, case):
    config, _, _, _, _, lengths = case
    cls = LlavaForConditionalGeneration if config.model_type == "llava" else AutoModelForCausalLM
    expected = {}
    generator = torch.Generator().manual_seed(7)
    images = 0
    if config.model_type == "llava":
        v = config.vision_config
        images = (v.image_size // v.patch_size) ** 2 + (config.vision_feature_select_strategy == "full")
        expected["pixels"] = torch.randn(1, 3, v.image_size, v.image_size, generator=generator)
    for length in lengths:
        tokens = None
        while tokens is None:  # until no two logits are near
            ids = torch.randint(0, IMAGE, (1, length), generator=generator)
            ids[0, 1 : 1 + images] = IMAGE
            model = cls.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
            tokens = greedy(model, ids, expected)
        expected[f"ids.{length}"] = ids[0]
        expected[f"greedy.{length}"] = tokens
        for label, dtype in (("logits", torch.float32), ("logits_bf16", torch.bfloat16)):
            # a new model each time: dynamic scaling remembers lengths
            model, info = cls.from_pretrained(folder, dtype=dtype, attn_implementation="eager", output_loading_info=True)
            assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
            more = {"pixel_values": expected["pixels"].to(dtype)} if images else {}
            with torch.no_grad():
                logits = model(input_ids=ids, **more).logits[0].float()
            expected[f"{label}.{length}"] = logits.contiguous()
        difference = expected[f"logits.{length}"] - expected[f"logits_bf16.{length}"]
        print(os.path.basename(folder), length, "std", expected[f"logits.{length}"].std().item(),
              "bf16 rms", difference.pow(2).mean().sqrt().item(), "max", difference.abs().max().item())
    save_file(expected, os.path.join(folder, "expected.safetensors"))
    print(os.path.basename(folder), "end tokens", model.generation_config.eos_token_id)


if __name__ == "__main__":
    for name, case in CASES.items():
        reference(write(name, case, sys.argv[1]), case)
