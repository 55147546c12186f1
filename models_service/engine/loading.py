"""Load a causal language model with its tokenizer, and say exactly which one it is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, cast

import torch
import transformers

from models_service.engine.checkpoints import read_checkpoint
from models_service.engine.interface import EngineError, EngineSettings
from models_service.engine.yes_no import label_tokens
from models_service.formats import Format, encode, open_format

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to be asked: everything about it that is found out once."""

    model: Any
    tokenizer: Any
    format: Format
    revision: str
    labels: tuple[int, int]
    """Token ids of Yes and No."""
    end_ids: frozenset[int]
    """Tokens that end a sampled text and are not part of it."""
    helpfulness_tail: tuple[int, ...]
    context: int | None
    """The most tokens a prompt and its continuation may have; None where the model has no such limit."""


def load(settings: EngineSettings) -> Loaded:
    """Load as the settings say. Raises EngineError: no such model, device, dtype, format or labels."""
    if settings.dtype not in DTYPES:
        raise EngineError(f"dtype must be one of {', '.join(DTYPES)}, not {settings.dtype!r}")
    device = torch.device(settings.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise EngineError(f"device {settings.device!r} was asked for, but torch sees no CUDA device")
    torch.set_num_threads(settings.threads)
    cast("Any", transformers.utils.logging).disable_progress_bar()
    found = read_checkpoint(settings.model, DTYPES[settings.dtype], settings.revision)
    return prepare(found.model.to(device), found.tokenizer, settings.format_name, found.revision)


def prepare(model: Any, tokenizer: Any, format_name: str, revision: str) -> Loaded:
    """Find labels, end tokens and context of a model in memory."""
    try:
        fmt = open_format(format_name, tokenizer)
    except ValueError as error:
        raise EngineError(str(error)) from error
    end_ids = _end_ids(model, tokenizer, fmt)
    # A checkpoint's own sampling habits (repetition penalty, top-p …) are no part of the experiment.
    model.generation_config = cast("Any", transformers).GenerationConfig()
    model.eval().requires_grad_(False)
    # The engine counts a prompt's tokens and refuses too many; transformers would warn of errors that cannot come.
    tokenizer.model_max_length = sys.maxsize
    return Loaded(
        model=model,
        tokenizer=tokenizer,
        format=fmt,
        revision=revision,
        labels=label_tokens(tokenizer, fmt),
        end_ids=end_ids,
        helpfulness_tail=tuple(encode(tokenizer, fmt.helpfulness())),
        context=getattr(model.config.get_text_config(), "max_position_embeddings", None),
    )


def _end_ids(model: Any, tokenizer: Any, fmt: Format) -> frozenset[int]:
    """End of text, whatever else the checkpoint ends turns with, newlines where the format says so."""
    named = model.generation_config.eos_token_id
    ends = set(named if isinstance(named, list) else [named]) | {tokenizer.eos_token_id}
    if fmt.ends_at_newline:
        ends |= {i for i in range(len(tokenizer)) if "\n" in tokenizer.decode([i])}
    return frozenset(int(token) for token in ends if token is not None)
