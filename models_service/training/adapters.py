"""Low-rank adapters (LoRA) on a model: added, saved without a path, merged into a copy."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, cast

import torch


def add_adapter(model: Any, *, rank: int, alpha: int, seed: int) -> Any:
    """A peft model with fp32 adapters on every linear layer but the output; the base's own weights are frozen."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules="all-linear", task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)
    for module in adapted.modules():
        # Autocast chooses the type; peft would copy every input to fp32 first.
        if hasattr(module, "cast_input_dtype_enabled"):
            cast("Any", module).cast_input_dtype_enabled = False
    return adapted


def save_adapter(adapted: Any, directory: Path, *, base: str) -> Path:
    """`adapter_model.safetensors` in bf16 and `adapter_config.json`, which names the base and no path."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    learned = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    state = {name: tensor.detach().to("cpu", torch.bfloat16).contiguous() for name, tensor in learned.items()}
    save_file(state, directory / "adapter_model.safetensors", metadata={"format": "pt"})
    config = adapted.peft_config["default"].to_dict() | {"base_model_name_or_path": base, "inference_mode": True}
    text = json.dumps(config, indent=2, sort_keys=True, default=sorted)
    (directory / "adapter_config.json").write_text(text + "\n", encoding="utf-8")
    return directory


def merged(adapted: Any, dtype: torch.dtype) -> Any:
    """A copy of the model with the adapters added to its weights: what sampling should wait for no adapter."""
    whole = copy.deepcopy(adapted).to(torch.float32).merge_and_unload()
    return whole.to(dtype).eval().requires_grad_(False)
