"""Write a tiny saved Llama as GGUF: `python make_gguf.py MODEL_DIRECTORY OUT.gguf` (numpy, safetensors, gguf)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
TOP = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def main(directory: Path, out: Path) -> None:
    config = json.loads((directory / "config.json").read_text())
    writer = gguf.GGUFWriter(str(out), "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_rope_freq_base(config.get("rope_parameters", {}).get("rope_theta", 10000.0))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    add_tokenizer(writer, directory, config["vocab_size"])
    weights = load_file(directory / "model.safetensors")
    heads = {"q": config["num_attention_heads"], "k": config["num_key_value_heads"]}
    for name, weight in weights.items():
        stem = name.removesuffix(".weight")
        if stem in TOP:
            writer.add_tensor(f"{TOP[stem]}.weight", weight.astype(np.float32))
            continue
        _, _, number, rest = stem.split(".", 3)
        if rest in {"self_attn.q_proj", "self_attn.k_proj"}:
            weight = interleaved(weight, heads[rest[10]])  # noqa: PLW2901
        writer.add_tensor(f"blk.{number}.{LAYER[rest]}.weight", weight.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """From transformers' halves to the pairs in which llama.cpp rotates."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def add_tokenizer(writer: gguf.GGUFWriter, directory: Path, size: int) -> None:
    """Byte-level BPE as in the directory's tokenizer.json, padded to the vocabulary's size."""
    saved = json.loads((directory / "tokenizer.json").read_text())
    tokens = {index: token for token, index in saved["model"]["vocab"].items()}
    special = {added["id"]: added["content"] for added in saved["added_tokens"]}
    names = [special.get(i) or tokens.get(i) or f"<unused {i}>" for i in range(size)]
    kinds = [
        gguf.TokenType.CONTROL if i in special else gguf.TokenType.NORMAL if i in tokens else gguf.TokenType.UNUSED
        for i in range(size)
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(names)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in saved["model"]["merges"]])
    eos = next(i for i, name in special.items() if name == "<eos>")
    writer.add_eos_token_id(eos)
    writer.add_bos_token_id(eos)
    writer.add_add_bos_token(False)
    if (template := directory / "chat_template.jinja").exists():
        writer.add_chat_template(template.read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
