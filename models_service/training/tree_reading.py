"""How a causal language model of transformers reads rows of trees: a mask a kind of layer, logits only where asked.

Trees are exact where every layer attends to its ancestors alone, whole or through a sliding window. Recurrent layers
read a row as one line, whatever the mask; such a model reads each path as a text of its own, slower and the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from models_service.training.rows import Batch
from models_service.training.trees import Node, Row

_READ = ("full_attention", "sliding_attention")


class TreeReader(nn.Module):
    """A model and the way in which it reads a batch; `flat` says why it cannot read trees, or is None."""

    def __init__(self, model: Any, flat: str | None = None) -> None:
        super().__init__()
        self.model = model
        self.flat = flat
        self._head = model.get_output_embeddings()

    def forward(self, batch: Batch, places: Tensor) -> Tensor:
        """Logits [places, vocabulary] of the states at `places` of the flattened rows, in fp32."""
        mask = None if self.flat else self._masks(batch)
        with _only_at(self._head, places):
            output = self.model(
                input_ids=batch.tokens.long(),
                position_ids=batch.positions.long(),
                attention_mask=mask,
                use_cache=False,
            )
        logits: Tensor = output.logits[0]
        return logits.float()

    def _masks(self, batch: Batch) -> Any:
        """One mask, or one by the name of each kind of layer where the model has several."""
        config = self.model.config.get_text_config()
        kinds = set(getattr(config, "layer_types", None) or ())
        window = getattr(config, "sliding_window", None)
        masks = {"full_attention": added(seen(batch), self._dtype())}
        if window and (not kinds or "sliding_attention" in kinds):
            masks["sliding_attention"] = added(seen(batch, window), self._dtype())
        if not kinds:
            return masks.get("sliding_attention", masks["full_attention"])
        return masks

    def _dtype(self) -> torch.dtype:
        device = self.model.device.type
        if torch.is_autocast_enabled(device):
            return torch.get_autocast_dtype(device)
        dtype: torch.dtype = self.model.dtype
        return dtype


def seen(batch: Batch, window: int | None = None) -> Tensor:
    """Who sees whom, [rows, length, length]: ancestors, within the window if there is one. Padding sees itself."""
    places = torch.arange(batch.ends.shape[1], device=batch.ends.device)
    i, j = places[None, :, None], places[None, None, :]
    found = (j <= i) & (i < batch.ends[:, None, :]) | (i == j)
    if window is not None:
        found &= batch.positions[:, :, None] - batch.positions[:, None, :] < window
    return found


def added(found: Tensor, dtype: torch.dtype) -> Tensor:
    """What to add to the scores of attention, [rows, 1, length, length]."""
    nothing = torch.zeros((), dtype=dtype, device=found.device)
    return torch.where(found, nothing, torch.finfo(dtype).min)[:, None]


@contextmanager
def _only_at(head: nn.Module, places: Tensor) -> Iterator[None]:
    """Let the output matrix see the states at these places only: that is where most of a small model's work is."""

    def gather(_: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        states = arguments[0]
        return (states.reshape(1, -1, states.shape[-1])[:, places], *arguments[1:])

    hook = head.register_forward_pre_hook(gather)
    try:
        yield
    finally:
        hook.remove()


def why_flat(model: Any) -> str | None:
    """Why a model cannot read trees exactly, or None where it can: by its layers, then by a trial."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None) or getattr(config, "layers_block_type", None) or ()
    if other := sorted(set(kinds) - set(_READ)):
        return f"it has layers of the kind {', '.join(map(str, other))}"
    rope = getattr(config, "rope_parameters", None) or {}
    parts = [part.get("rope_type") for part in (rope, *rope.values()) if isinstance(part, dict)]
    if moving := sorted({"dynamic", "longrope"} & set(parts)):
        return f"its rotary positions ({moving[0]}) depend on what is read together"
    try:
        return _trial(model)
    except (TypeError, ValueError, RuntimeError) as error:
        return f"a trial failed: {error}"


@torch.no_grad()
def _trial(model: Any) -> str | None:
    """A trunk with two branches, once as a tree and once as two texts."""
    vocabulary = model.get_input_embeddings().weight.shape[0]
    tokens = [(i * 7919 + 11) % vocabulary for i in range(48)]
    branches = [Node(tokens[32:42]), Node(tokens[42:])]
    root = Node(tokens[:32], children={("opening", str(i)): branch for i, branch in enumerate(branches)})
    row = Row()
    row.add(root)
    batch = Batch.of([row], device=model.device)
    places = torch.tensor([row.last[id(branch)] for branch in branches], device=model.device)
    was_training = model.training
    model.eval()
    found = TreeReader(model)(batch, places)
    texts = [tokens[:32] + branch.tokens for branch in branches]
    alone = [model(torch.tensor([text], device=model.device), use_cache=False).logits[0, -1].float() for text in texts]
    model.train(was_training)
    expected = torch.stack(alone)
    scale = float(expected.abs().max()) or 1.0
    difference = float((found - expected).abs().max())
    tolerance = 1e-3 if model.dtype == torch.float32 else 1e-1
    return None if difference <= tolerance * scale else f"its logits differ by {difference:.2g} of {scale:.2g}"
