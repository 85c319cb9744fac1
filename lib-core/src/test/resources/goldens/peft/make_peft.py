"""Adapters as peft writes them, and the logits that they give: run in this folder, beside ../mllm-a.

    PYTHONHASHSEED=0 OMP_NUM_THREADS=1 python make_peft.py
"""

import json
import os
import shutil
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration, Qwen2Config, Qwen2ForCausalLM

HERE = Path(__file__).parent
LLAVA = HERE.parent / "mllm-a"
TEXT_IDS = [1, 17, 5, 80, 33, 2, 9, 41]
torch.set_num_threads(1)


def llava():
    return LlavaForConditionalGeneration.from_pretrained(LLAVA / "model", attn_implementation="eager").eval()


def llava_logits(model):
    ids = load_file(LLAVA / "forward.safetensors")["prompt0.input_ids"].unsqueeze(0)
    picture = json.loads((LLAVA / "forward.json").read_text())["prompts"][0]["pixel_values"]
    pixels = load_file(LLAVA / "preprocessing.safetensors")[picture].unsqueeze(0)
    with torch.no_grad():
        return model(input_ids=ids, pixel_values=pixels).logits[0, -1].float()


def decoder_logits(model):
    with torch.no_grad():
        return model(input_ids=torch.tensor([TEXT_IDS])).logits[0].float()


def trained(model, **options):
    """An adapter whose B and whose modules in full have moved."""
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options)).eval()
    generator = torch.Generator().manual_seed(7)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and "lora_A" not in name:
            parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return model


def store(name, model, logits):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = "model"
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    expected[name] = logits(model)
    return folder


def rewrite(name, folder, rename, dtype=None):
    """The same adapter under other tensor names or in another type."""
    target = HERE / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    tensors = load_file(folder / "adapter_model.safetensors")
    tensors = {rename(k): v.to(dtype or v.dtype).contiguous() for k, v in tensors.items()}
    save_file(tensors, target / "adapter_model.safetensors", metadata={"format": "pt"})
    return tensors


torch.manual_seed(0)
expected = {}
saved = store(
    "projector",
    trained(llava(), r=2, lora_alpha=4, lora_dropout=0.1, target_modules=["q_proj", "v_proj"],
            exclude_modules=".*vision_tower.*", modules_to_save=["multi_modal_projector"]),
    llava_logits,
)
store("first-linear", trained(llava(), r=2, lora_alpha=4, target_modules=["o_proj"], modules_to_save=["linear_1"]), llava_logits)
store("rslora", trained(llava(), r=4, lora_alpha=3, use_rslora=True,
                        target_modules=r"^(?!.*vision_tower).*layers\.(?P<layer>[02])\.(self_attn|mlp)\.(q_proj|down_proj)"), llava_logits)
store("tower", trained(llava(), r=2, lora_alpha=4, target_modules="all-linear", exclude_modules=["lm_head", "gate_proj", "up_proj"]), llava_logits)
store("patterns", trained(llava(), r=2, lora_alpha=4, target_modules=["k_proj", "up_proj"], exclude_modules=["model.vision_tower.encoder.layers.1.self_attn.k_proj"],
                          layers_to_transform=[1, 2], rank_pattern={"k_proj": 3, r"layers\.1\.mlp\.up_proj": 1},
                          alpha_pattern={r"language_model\..*k_proj": 9}), llava_logits)
old = {"model.language_model.": "language_model.model.", "model.multi_modal_projector.": "multi_modal_projector."}


def renamed(key):
    for new, was in old.items():
        key = key.replace(f"base_model.model.{new}", f"base_model.model.{was}")
    return key


for name, dtype in (("transformers-4", None), ("half", torch.float16), ("bfloat16", torch.bfloat16)):
    rewrite(name, saved, renamed if dtype is None else (lambda k: k), dtype)
    if dtype is None:
        # a path that only transformers 4 has
        config = json.loads((HERE / name / "adapter_config.json").read_text())
        config["target_modules"] = r"language_model\.model\.layers\.\d+\.self_attn\.[qv]_proj"
        (HERE / name / "adapter_config.json").write_text(json.dumps(config, indent=1))
        expected[name] = expected["projector"]
    else:
        expected[name] = llava_logits(PeftModel.from_pretrained(llava(), HERE / name).eval())
qwen = Qwen2ForCausalLM(Qwen2Config(
    vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=64, tie_word_embeddings=True, attn_implementation="eager")).eval()
for name, parameter in qwen.named_parameters():
    parameter.data += 0.1 * torch.randn(parameter.shape)
shutil.rmtree(HERE / "qwen2", ignore_errors=True)
qwen.save_pretrained(HERE / "qwen2/model")
expected["qwen2.base"] = decoder_logits(qwen)
store("qwen2/adapter", trained(qwen, r=2, lora_alpha=4, target_modules="all-linear"), decoder_logits)
save_file({k: v.clone() for k, v in expected.items()}, HERE / "logits.safetensors")
