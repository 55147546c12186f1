"""Tiny random models on disk, one of each architecture, with a real tokenizer: made in the tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

TEXTS = [
    "Passage: The ship left at dawn. A storm broke the mast.\nQuestion: What happened to the ship?\nAnswer:",
    "Critiqueable: Yes\n\nCritique: The answer leaves out the storm.\nHelpful: No\nRefinement: A storm.",
    "Critiqueable: No\nCritiqueable: Yes\nHelpful: Yes\nHelpful: No",
]
VOCABULARY = 384
CHAT_TEMPLATE = (
    "{% for m in messages %}<|turn|>{{ m.role }}\n{{ m.content | trim }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)


@cache
def tokenizer() -> Any:
    """Byte-level BPE in which Yes and No, with and without a space, are tokens."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 8,
        special_tokens=["<eos>", "<|turn|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([*TEXTS * 3, "Yes No\n" * 4, "\nYes\nNo" * 4], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<eos>", pad_token="<eos>", chat_template=CHAT_TEMPLATE
    )


_SIZE = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
_SHAPE = {**_SIZE, "num_key_value_heads": 2, "intermediate_size": 48, "max_position_embeddings": 512}
_DEEP = {**_SHAPE, "num_hidden_layers": 4}
_BY_TURNS = {"sliding_window": 7, "layer_types": ["sliding_attention", "full_attention"] * 2}
_LLAMA4 = {
    **_DEEP,
    "head_dim": 8,
    "intermediate_size_mlp": 48,
    "attention_chunk_size": 7,
    "num_local_experts": 2,
    "num_experts_per_tok": 1,
    "interleave_moe_layer_step": 2,
    "no_rope_layers": [1, 0, 1, 0],
    "layer_types": ["chunked_attention", "full_attention"] * 2,
}
_LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 10000.0,
    "original_max_position_embeddings": 60,
    "short_factor": [1.0, 1.3, 1.1, 1.2],
    "long_factor": [2.0, 3.0, 4.0, 5.0],
}
_LINEAR = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
CONFIGS: dict[str, Any] = {
    "llama": lambda: transformers.LlamaConfig(**_SHAPE, head_dim=8),
    "qwen3": lambda: transformers.Qwen3Config(**_SHAPE, head_dim=8),
    "qwen2": lambda: transformers.Qwen2Config(**_SHAPE),
    "gemma": lambda: transformers.GemmaConfig(**_SHAPE, head_dim=8),
    "gpt2": lambda: transformers.GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=512),
    "mistral": lambda: transformers.MistralConfig(**_SHAPE, head_dim=8, sliding_window=7),
    "ministral": lambda: transformers.MinistralConfig(**_DEEP, head_dim=8, **_BY_TURNS),
    "ministral3": lambda: transformers.Ministral3Config(**_SHAPE, head_dim=8),
    "qwen2 with a window": lambda: transformers.Qwen2Config(
        **_SHAPE, use_sliding_window=True, sliding_window=7, max_window_layers=1
    ),
    "phi3": lambda: transformers.Phi3Config(**_SHAPE, sliding_window=7),
    "phi3 with longrope": lambda: transformers.Phi3Config(
        **_SHAPE, original_max_position_embeddings=60, rope_parameters={**_LONGROPE, "partial_rotary_factor": 1.0}
    ),
    "olmo3": lambda: transformers.Olmo3Config(**_DEEP, sliding_window=7),
    "cohere2": lambda: transformers.Cohere2Config(**_DEEP, head_dim=8, **_BY_TURNS),
    "exaone4": lambda: transformers.Exaone4Config(**_DEEP, head_dim=8, **_BY_TURNS),
    "gpt-oss": lambda: transformers.GptOssConfig(
        **_SHAPE, head_dim=8, sliding_window=7, num_local_experts=2, num_experts_per_tok=1
    ),
    "llama4": lambda: transformers.Llama4TextConfig(**_LLAMA4),
    "llama4 with scaled positions": lambda: transformers.Llama4TextConfig(**_LLAMA4, floor_scale=95),
    "gemma2": lambda: transformers.Gemma2Config(**_DEEP, head_dim=8, attn_logit_softcapping=2.0, **_BY_TURNS),
    "gemma3": lambda: transformers.Gemma3TextConfig(**_DEEP, head_dim=8, query_pre_attn_scalar=8, **_BY_TURNS),
    "gemma3n": lambda: transformers.Gemma3nTextConfig(
        **_DEEP,
        head_dim=8,
        **_BY_TURNS,
        num_kv_shared_layers=2,
        vocab_size_per_layer_input=VOCABULARY,
        hidden_size_per_layer_input=8,
        laurel_rank=4,
        activation_sparsity_pattern=[0.0] * 4,
        altup_num_inputs=2,
    ),
    "gemma4": lambda: transformers.Gemma4TextConfig(**_DEEP, head_dim=8, **_BY_TURNS),
    "qwen3-next": lambda: transformers.Qwen3NextConfig(
        **_DEEP,
        **_LINEAR,
        head_dim=8,
        num_experts=4,
        num_experts_per_tok=2,
        moe_intermediate_size=16,
        shared_expert_intermediate_size=16,
    ),
    "qwen3.5": lambda: transformers.Qwen3_5TextConfig(**_DEEP, **_LINEAR, head_dim=8),
    "olmo hybrid": lambda: transformers.OlmoHybridConfig(**_DEEP, **{**_LINEAR, "linear_num_key_heads": 4}),
    "granite 4 hybrid": lambda: transformers.GraniteMoeHybridConfig(
        **_SHAPE,
        shared_intermediate_size=48,
        layer_types=["mamba", "attention"],
        mamba_n_heads=8,
        mamba_d_head=8,
        mamba_d_state=8,
        mamba_n_groups=1,
        num_local_experts=0,
    ),
    "lfm2": lambda: transformers.Lfm2Config(**_DEEP, layer_types=["conv", "full_attention"] * 2),
    "nemotron-h": lambda: transformers.NemotronHConfig(
        **_SHAPE,
        head_dim=8,
        layers_block_type=["mamba", "attention"],
        mamba_num_heads=8,
        mamba_head_dim=8,
        ssm_state_size=8,
        n_groups=1,
    ),
    "falcon-h1": lambda: transformers.FalconH1Config(
        **_SHAPE, mamba_d_ssm=32, mamba_n_heads=4, mamba_d_head=8, mamba_d_state=8, mamba_n_groups=1
    ),
    "mamba": lambda: transformers.MambaConfig(vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, state_size=8),
    "mamba2": lambda: transformers.Mamba2Config(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, state_size=8, num_heads=8, head_dim=8, n_groups=1
    ),
    "jamba": lambda: transformers.JambaConfig(
        **_DEEP,
        mamba_d_state=8,
        attn_layer_period=2,
        attn_layer_offset=1,
        expert_layer_period=2,
        num_experts=2,
        num_experts_per_tok=1,
    ),
    "deepseek-v3.2": lambda: transformers.DeepseekV32Config(
        **{**_SHAPE, "num_key_value_heads": 4},
        moe_intermediate_size=16,
        kv_lora_rank=16,
        q_lora_rank=16,
        qk_rope_head_dim=8,
        qk_nope_head_dim=8,
        v_head_dim=8,
        n_routed_experts=4,
        num_experts_per_tok=2,
        n_group=1,
        topk_group=1,
        first_k_dense_replace=1,
        index_head_dim=16,
        index_n_heads=32,
        index_topk=16,
    ),
    "recurrent gemma": lambda: transformers.RecurrentGemmaConfig(
        **{**_SHAPE, "num_hidden_layers": 3}, lru_width=32, attention_window_size=7
    ),
    "llama with positions that follow the longest prompt": lambda: transformers.LlamaConfig(
        **_SHAPE,
        head_dim=8,
        rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0},
    ),
    "bloom": lambda: transformers.BloomConfig(vocab_size=VOCABULARY, hidden_size=32, n_layer=2, n_head=4),
}
COVERED = ("llama", "qwen3", "qwen2", "gemma", "gpt2", "llama with positions that follow the longest prompt")
WINDOWED = (
    "mistral",
    "ministral",
    "qwen2 with a window",
    "phi3",
    "olmo3",
    "cohere2",
    "exaone4",
    "gpt-oss",
    "llama4",
    "gemma2",
    "gemma3",
    "gemma3n",
    "gemma4",
)
#: What the tree does not read, and copies of transformers' caches do.
BRANCHED = (
    "bloom",
    "qwen3-next",
    "qwen3.5",
    "olmo hybrid",
    "granite 4 hybrid",
    "lfm2",
    "nemotron-h",
    "falcon-h1",
    "mamba",
    "mamba2",
    "jamba",
    "deepseek-v3.2",
)


def missing(kind: str) -> str | None:
    """The configuration class of the kind that this version of transformers does not have, or None."""
    names = (name for name in CONFIGS[kind].__code__.co_names if name.endswith("Config"))
    return next((name for name in names if not hasattr(transformers, name)), None)


def make(directory: Path, kind: str = "llama", seed: int = 0, *, says_yes_or_no: bool = False) -> Path:
    """Save a random model of the kind with its tokenizer; its next tokens are neither certain nor uniform."""
    torch.manual_seed(seed)
    config = CONFIGS[kind]()
    config.eos_token_id = config.bos_token_id = config.pad_token_id = 0
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.25)
    if says_yes_or_no:
        _make_labels_likely(model)
    model.save_pretrained(directory)
    tokenizer().save_pretrained(directory)
    return directory


def _make_labels_likely(model: Any) -> None:
    """Let every state of a Llama have a part that points at the labels, so that a server's top list has them."""
    labels = [tokenizer().encode(label)[0] for label in (" Yes", " No", "Yes", "No")]
    with torch.no_grad():
        model.get_input_embeddings().weight[:, 0] = 8.0
        model.get_output_embeddings().weight[labels] *= 0.4
        model.get_output_embeddings().weight[labels, 0] += 2.5
