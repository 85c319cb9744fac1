"""What transformers resolves partial config.json files to, and the rotary tables that follow from them.

Run: HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 python make_configs.py OUT.json
"""

import json
import sys
import tempfile

import torch
from transformers import AutoConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

SMALL = {"hidden_size": 64, "num_attention_heads": 4}
TOWER = {"model_type": "clip_vision_model", "hidden_size": 48, "num_attention_heads": 4}
CONFIGS = [
    {"model_type": "llava"},
    {"model_type": "llava", "vision_config": {}, "text_config": {}},
    {"model_type": "llava", "vision_config": None, "text_config": None},
    {"model_type": "llava", "vision_config": TOWER, "text_config": {"model_type": "mistral", **SMALL, "num_key_value_heads": 2}},
    {"model_type": "llava", "vision_config": TOWER, "text_config": {"model_type": "qwen2", "tie_word_embeddings": True}},
    {"model_type": "llava", "image_token_index": 7, "image_token_id": 9},
    {"model_type": "llava", "image_token_id": 9, "vision_feature_layer": [-2, -3], "eos_token_id": [3, 4], "pad_token_id": 5},
    {"model_type": "llava", "tie_word_embeddings": True, "vision_feature_select_strategy": "full",
     "multimodal_projector_bias": False, "projector_hidden_act": "relu"},
    {"model_type": "llama"},
    {"model_type": "llama", "num_key_value_heads": None, "head_dim": None, "bos_token_id": None, "eos_token_id": None},
    {"model_type": "llama", "attention_bias": True, "mlp_bias": True, "eos_token_id": [128001, 128009], "pad_token_id": 3},
    {"model_type": "llama", **SMALL, "head_dim": 32, "rms_norm_eps": 1e-05},
    {"model_type": "llama", **SMALL, "rope_theta": 77.0},
    {"model_type": "llama", **SMALL, "rope_parameters": {"rope_type": "default"}, "rope_theta": 77.0},
    {"model_type": "llama", **SMALL, "rope_parameters": {"rope_theta": 500000.0}},
    {"model_type": "llama", **SMALL, "rope_scaling": {"type": "linear", "factor": 2.5}},
    {"model_type": "llama", **SMALL, "rope_scaling": {"rope_type": "linear", "type": "dynamic", "factor": 3.0}},
    {"model_type": "llama", **SMALL, "rope_scaling": {}, "rope_parameters": {"type": "linear", "factor": 4.0, "rope_theta": 3000.0}},
    {"model_type": "llama", **SMALL, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0},
     "rope_parameters": {"rope_type": "linear", "factor": 2}, "rope_theta": 77.0, "max_position_embeddings": 64},
    {"model_type": "llama", **SMALL, "rope_scaling": {"type": "dynamic", "factor": 1.7}, "max_position_embeddings": 100},
    {"model_type": "llama", **SMALL, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0},
     "max_position_embeddings": 8192},
    {"model_type": "llama", **SMALL, "rope_theta": 500000.0, "max_position_embeddings": 131072,
     "rope_parameters": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                         "original_max_position_embeddings": 8192}},
    {"model_type": "llama", **SMALL, "original_max_position_embeddings": 512,
     "rope_scaling": {"rope_type": "llama3", "factor": 2.0, "low_freq_factor": 1.0, "high_freq_factor": 3.0,
                      "original_max_position_embeddings": 1024}},
    {"model_type": "mistral"},
    {"model_type": "mistral", "sliding_window": None, "head_dim": 96, "attention_bias": True},
    {"model_type": "mistral", "hidden_size": 60, "num_attention_heads": 8, "head_dim": 16},
    {"model_type": "qwen2"},
    {"model_type": "qwen2", **SMALL, "num_key_value_heads": None, "sliding_window": 77},
    {"model_type": "qwen2", "use_sliding_window": True, "num_hidden_layers": 30},
    {"model_type": "qwen2", "use_sliding_window": True, "num_hidden_layers": 3, "sliding_window": 5,
     "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]},
    {"model_type": "qwen2", "use_sliding_window": True, "num_hidden_layers": 3, "max_window_layers": 1, "sliding_window": 5},
]
KEEP = [
    "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "head_dim", "max_position_embeddings", "rms_norm_eps", "rope_parameters", "attention_bias", "mlp_bias", "sliding_window",
    "layer_types", "tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id", "image_size", "patch_size", "num_channels",
    "projection_dim", "hidden_act", "layer_norm_eps", "image_token_index", "vision_feature_layer", "vision_feature_select_strategy",
    "multimodal_projector_bias", "projector_hidden_act",
]


def resolved(part):
    out = {k: part[k] for k in KEEP if k in part}
    for k in ("text_config", "vision_config"):
        if k in part:
            out[k] = resolved(part[k])
    return out


def load(config):
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/config.json", "w") as f:
            json.dump(config, f)
        return AutoConfig.from_pretrained(folder)


def rotary(config):
    """Inverse frequencies for sequences of some lengths, and cosines and sines at some positions of them."""
    out = []
    most = config.max_position_embeddings
    for length in (most, most + 1, 3 * most):
        embedding = LlamaRotaryEmbedding(config)
        positions = torch.tensor([[0, 1, length // 3, length - 1]])
        cos, sin = embedding(torch.zeros(1), positions)
        out.append({"length": length, "positions": positions[0].tolist(), "frequencies": embedding.inv_freq.tolist(),
                    "cos": cos[0].tolist(), "sin": sin[0].tolist()})
    return out


if __name__ == "__main__":
    cases = []
    for config in CONFIGS:
        loaded = load(config)
        case = {"config": config, "resolved": resolved(loaded.to_dict())}
        if config["model_type"] == "llama" and config.get("hidden_size") == 64 and "head_dim" not in config:
            case["rotary"] = rotary(loaded)
        cases.append(case)
    with open(sys.argv[1], "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
