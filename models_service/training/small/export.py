"""From the trainer's decoder and tokenizer to a directory that transformers loads."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer
from torch import Tensor

from models_service.training.small.decoder import Decoder, Shape

#: Tokens, in the config. Rotary positions go on past what training showed, so that a longer passage is read
#: (badly: see the card) where a refusal would keep its whole question closed.
READS_UP_TO = 8192
_NAMES = (
    ("blocks.", "model.layers."),
    ("before_attention.", "input_layernorm."),
    ("before_mlp.", "post_attention_layernorm."),
    (".q_norm.", ".self_attn.q_norm."),
    (".k_norm.", ".self_attn.k_norm."),
    *((f".{letter}.weight", f".self_attn.{letter}_proj.weight") for letter in "qkvo"),
    *((f".{layer}.weight", f".mlp.{layer}_proj.weight") for layer in ("gate", "up", "down")),
)


def transformers_name(name: str) -> str:
    """What Qwen3ForCausalLM calls the decoder's parameter."""
    if name == "embedding.weight":
        return "model.embed_tokens.weight"
    if name == "norm.weight":
        return "model.norm.weight"
    for ours, theirs in _NAMES:
        name = name.replace(ours, theirs)
    return name


def save_for_transformers(model: Decoder, tokenizer: Tokenizer, directory: Path) -> None:
    """Write config, half-precision safetensors and tokenizer, for AutoModelForCausalLM and AutoTokenizer."""
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    shape: Shape = model.shape
    config = Qwen3Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        head_dim=shape.head_width,
        max_position_embeddings=READS_UP_TO,
        rope_parameters={"rope_type": "default", "rope_theta": shape.theta},
        tie_word_embeddings=True,
        rms_norm_eps=1e-6,
        eos_token_id=1,
        pad_token_id=0,
        bos_token_id=None,
    )
    theirs = Qwen3ForCausalLM(config)
    weights: dict[str, Tensor] = {transformers_name(k): v.float() for k, v in model.state_dict().items()}
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    theirs.load_state_dict(weights)
    theirs.tie_weights()
    directory.mkdir(parents=True, exist_ok=True)
    theirs.half().save_pretrained(directory)  # type: ignore[no-untyped-call]
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        eos_token="<eos>",  # noqa: S106 - a token of text, not a secret
        pad_token="<pad>",  # noqa: S106
        clean_up_tokenization_spaces=False,
        model_max_length=shape.context,
    ).save_pretrained(directory)
