"""Many continuations at once, by transformers' own `generate`: what a critic in training writes to be judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

Ids = list[int]


class _Gumbel(LogitsProcessor):
    """Temperatures of each row's own; greedy where it is 0."""

    def __init__(self, temperatures: Sequence[float], generator: torch.Generator) -> None:
        device = generator.device
        self._temperatures = torch.tensor(temperatures, device=device)[:, None]
        self._generator = generator

    def __call__(self, _input_ids: Any, scores: Any) -> Any:
        noise = torch.empty_like(scores).exponential_(generator=self._generator).clamp_(1e-20).log_().neg_()
        return scores + noise * self._temperatures


@torch.inference_mode()
def sample(
    model: Any,
    prompts: Sequence[Ids],
    temperatures: Sequence[float],
    *,
    end: int,
    max_new_tokens: int,
    seed: int,
    tokens_at_once: int,
) -> list[Ids]:
    """One continuation for each prompt at the temperature beside it, without its end token.

    Prompts of like length are written together, at most `tokens_at_once` tokens with their padding.
    """
    generator = torch.Generator(device=model.device).manual_seed(seed)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    texts: dict[int, Ids] = {}
    while order:
        most = max(1, tokens_at_once // (len(prompts[order[-1]]) + max_new_tokens))
        group, order = order[-most:], order[:-most]
        noise = _Gumbel([temperatures[i] for i in group], generator)
        texts |= zip(group, _write(model, [prompts[i] for i in group], noise, end, max_new_tokens), strict=True)
    return [texts[i] for i in range(len(prompts))]


def _write(model: Any, prompts: list[Ids], noise: _Gumbel, end: int, limit: int) -> list[Ids]:
    longest = max(map(len, prompts))
    padded = torch.tensor([[end] * (longest - len(p)) + p for p in prompts], device=model.device)
    places = torch.arange(longest, device=model.device)
    mask = (places >= torch.tensor([[longest - len(p)] for p in prompts], device=model.device)).long()
    written: Tensor = model.generate(
        padded,
        attention_mask=mask,
        generation_config=cast("Any", GenerationConfig)(
            max_new_tokens=limit, do_sample=False, eos_token_id=end, pad_token_id=end, use_cache=True
        ),
        logits_processor=LogitsProcessorList([noise]),
    )
    return [_before(end, row) for row in written[:, longest:].tolist()]


def _before(end: int, tokens: Ids) -> Ids:
    return tokens[: tokens.index(end)] if end in tokens else tokens
