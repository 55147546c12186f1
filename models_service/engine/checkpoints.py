"""A model by its name: a directory, a GGUF file (or a directory that holds one), a LoRA adapter, or a hub name.

An adapter is a directory with `adapter_config.json`, `adapter_model.safetensors` and `card.json`, whose `base` gives
the name and the digest of the model it was trained on, and no path: `{"base": {"name": "x.gguf", "digest": "…"}}`. The
base is looked for by that name beside the adapter, then in the folders of MODELS_DIR (`var/models` if that is not set).
Its own `generation_config.json` may name tokens that end its texts beside the base's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from models_service.engine.interface import EngineError

WEIGHTS = ("*.safetensors", "*.bin", "*.gguf", "*.json")
TOKENIZERS = ("tokenizer*", "*.model", "vocab*", "merges.txt", "*.jinja")
ADAPTER = "adapter_config.json"
GENERATION = "generation_config.json"
#: `organization/model`; no part begins with a dot.
_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model in memory, its tokenizer, and what names exactly these weights."""

    model: Any
    tokenizer: Any
    revision: str
    """The hub's commit or a SHA-256; of an adapter both it and its base's, each by its first 40 digits."""


def read_checkpoint(name: str, dtype: torch.dtype, revision: str | None = None) -> Checkpoint:
    """Whatever the name stands for. Raises EngineError: nothing there, a broken file, a package missing, no base."""
    path = Path(name)
    try:
        if (path / ADAPTER).is_file():
            return _read_adapter(path, dtype)
        if (file := gguf_file(path)) is not None:
            return _read_gguf(file, dtype)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, revision=revision)
        model = transformers.AutoModelForCausalLM.from_pretrained(name, revision=revision, dtype=dtype)
    except (OSError, ValueError, SafetensorError) as error:
        raise EngineError(f"cannot load the model {name!r}: {error}") from error
    return Checkpoint(model, tokenizer, _revision(path, model))


# ---- GGUF


def gguf_file(path: Path) -> Path | None:
    """The GGUF file that the path is, or that its directory holds in place of a model of transformers' own form."""
    if path.suffix == ".gguf":
        return path if path.is_file() else None
    if not path.is_dir() or (path / "config.json").exists():
        return None
    files = sorted(path.glob("*.gguf"))
    if len(files) > 1:
        raise EngineError(f"{path} holds {len(files)} GGUF files; name the one that is meant: {files[0]}")
    return files[0] if files else None


def _read_gguf(file: Path, dtype: torch.dtype) -> Checkpoint:
    """Its weights unpacked: from there on a model like any other."""
    _need("gguf", f"{file} is a GGUF file")
    place = {"gguf_file": file.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(file.parent), **place)
    unpacked = transformers.GgufConfig(dequantize=True)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        str(file.parent), **place, quantization_config=unpacked, dtype=dtype
    )
    return Checkpoint(model, tokenizer, digest(file))


# ---- adapters


def _read_adapter(path: Path, dtype: torch.dtype) -> Checkpoint:
    """The base with the adapter added to its weights, in fp32, whatever the type it is then used in."""
    _need("peft", f"{path} is a LoRA adapter")
    from peft import PeftModel

    base = read_checkpoint(*find_base(path))
    if (end := _end_of(path)) is not None:
        base.tokenizer.eos_token = end
    adapted = PeftModel.from_pretrained(base.model, str(path))
    model = adapted.merge_and_unload().to(dtype)
    if (path / GENERATION).is_file():  # it may have learned to end its texts with another token than its base
        model.generation_config = transformers.GenerationConfig.from_pretrained(str(path))
    return Checkpoint(model, base.tokenizer, f"{directory_revision(path)[:40]} on {base.revision[:40]}")


def _end_of(path: Path) -> str | None:
    """The token that the adapter learned to end its texts with, where its card names one.

    Versions of transformers read another one from the same GGUF file, and a text would then never end.
    """
    card = path / "card.json"
    return json.loads(card.read_text(encoding="utf-8")).get("end") if card.is_file() else None


def find_base(path: Path) -> tuple[str, torch.dtype, str | None]:
    """The model that the adapter was trained on, as `read_checkpoint` takes it.

    Raises EngineError: unnamed, not found, another one.
    """
    named = _base_of(path)
    if _HUB_NAME.fullmatch(named["name"]):
        return named["name"], torch.float32, named["digest"]
    return str(_local_base(path, named)), torch.float32, None


def _local_base(path: Path, named: dict[str, str]) -> Path:
    usual = str(Path(os.environ.get("VAR_DIR", "var"), "models"))
    places = [path.parent, *map(Path, os.environ.get("MODELS_DIR", usual).split(os.pathsep))]
    found = [place / named["name"] for place in places if (place / named["name"]).exists()]
    for candidate in found:
        if digest(candidate) == named["digest"]:
            return candidate
    looked = f"under the name {named['name']!r} in {', '.join(map(str, places))}"
    wanted = f"the adapter {path} needs its base, {named['name']} with the SHA-256 {named['digest']}"
    if found:
        raise EngineError(f"{wanted}, but {found[0]} is another one ({digest(found[0])})")
    raise EngineError(f"{wanted}; it is not {looked}. Put it there, or set MODELS_DIR")


def _base_of(path: Path) -> dict[str, str]:
    card = path / "card.json"
    try:
        base = json.loads(card.read_text(encoding="utf-8"))["base"]
        named = {"name": base["name"], "digest": base["digest"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{card} must name the adapter's base: {{'base': {{'name', 'digest'}}}}") from error
    if not all(isinstance(value, str) for value in named.values()) or not _is_name(named["name"]):
        raise EngineError(f"{card}: the base's name must be that of a file, a directory or a hub's model, not a path")
    return named


def _is_name(name: str) -> bool:
    return Path(name).name == name or _HUB_NAME.fullmatch(name) is not None


def base_of(name: str, revision: str) -> dict[str, str]:
    """What a card says of the base by which `read_checkpoint` found it: its name and its digest, or hub commit."""
    path = Path(name)
    return {"name": path.name, "digest": digest(path)} if path.exists() else {"name": name, "digest": revision}


# ---- exactly which


def digest(path: Path) -> str:
    """The SHA-256 of a file, or of a directory's weights and tokenizer."""
    if path.is_dir():
        return directory_revision(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _revision(path: Path, model: Any) -> str:
    """The hub's commit, or for a directory the SHA-256 over its weight and tokenizer files."""
    if not path.is_dir():
        return str(getattr(model.config, "_commit_hash", None) or "unknown")
    return directory_revision(path)


def directory_revision(directory: Path) -> str:
    """SHA-256 over name and content of each weight, configuration and tokenizer file, sorted by name."""
    files = {path for pattern in (*WEIGHTS, *TOKENIZERS) for path in directory.glob(pattern) if path.is_file()}
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path.name}\0{digest(path)}\n".encode())
    return total.hexdigest()


def _need(package: str, why: str) -> None:
    if find_spec(package) is None:
        raise EngineError(f"{why}, for which the package {package} is needed: pip install {package}")
