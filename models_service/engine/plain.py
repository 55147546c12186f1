"""The slow, plain way: transformers' own `generate` and one full forward a score.

It works for any causal language model of transformers. It is what the prefix tree is compared with in the
tests, and what `local` falls back to for architectures that the prefix tree does not cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from itertools import groupby
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList

from models_service.engine.backend import Ask, Ids, Row, Tick, Told, no_tick
from models_service.engine.gumbel_noise import GumbelNoise, gumbel_noise
from models_service.engine.loading import Loaded
from models_service.engine.yes_no import probability_of_yes


class PlainBackend:
    """`Backend` by stock calls. Rows of one prompt are generated together, their prompt repeated."""

    name = "plain"

    def __init__(self, loaded: Loaded) -> None:
        self._model = loaded.model
        self._labels = loaded.labels
        self._ends = loaded.end_ids
        self._tail = loaded.helpfulness_tail
        # Nearly all models can leave out the logits that nobody reads.
        can = "logits_to_keep" in signature(loaded.model.forward).parameters
        self._only_last: dict[str, int] = {"logits_to_keep": 1} if can else {}

    @torch.inference_mode()
    def score(self, prompts: Sequence[Ids]) -> list[float]:
        return [self._score(prompt) for prompt in prompts]

    def _score(self, prompt: Ids) -> float:
        ids = torch.tensor([prompt], device=self._model.device)
        logits = self._model(ids, use_cache=False, **self._only_last).logits[:, -1]
        return probability_of_yes(logits, self._labels)[0]

    @torch.inference_mode()
    def sample(self, rows: Sequence[Row], max_new_tokens: int, tick: Tick = no_tick) -> list[Ids]:
        texts: list[Ids] = []
        for prompt, group in groupby(rows, key=lambda row: row.prompt):
            texts += self._generate(prompt, list(group), max_new_tokens)
            tick()
        return texts

    def _generate(self, prompt: Ids, rows: list[Row], max_new_tokens: int) -> list[Ids]:
        ids = torch.tensor([prompt] * len(rows), device=self._model.device)
        noise = gumbel_noise([r.stream for r in rows], [r.temperature for r in rows], ids.device)
        written = self._model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=sorted(self._ends) or None,
            pad_token_id=min(self._ends, default=0),
            logits_processor=LogitsProcessorList([AddNoise(noise)]),
        )
        return [until_end(row[len(prompt) :], self._ends) for row in written.tolist()]

    @torch.inference_mode()
    def critique(self, asks: Sequence[Ask], max_new_tokens: int, tick: Tick = no_tick) -> list[Told]:
        return [self._critique(ask, max_new_tokens, tick) for ask in asks]

    def _critique(self, ask: Ask, max_new_tokens: int, tick: Tick) -> Told:
        pairs = zip(ask.streams, ask.temperatures, strict=True)
        critiques = self.sample([Row(ask.critique, s, t) for s, t in pairs], max_new_tokens, tick)
        distinct = dict.fromkeys(critiques, 0.0)
        for critique in distinct:
            distinct[critique] = self._score((*ask.critique, *critique, *self._tail))
            tick()
        return Told(
            critiqueability=self._score(ask.critiqueability),
            critiques=tuple(critiques),
            helpfulness=tuple(distinct[critique] for critique in critiques),
        )


class AddNoise(LogitsProcessor):
    """Temperature and the rows' noise, so that greedy generation samples."""

    def __init__(self, noise: GumbelNoise) -> None:
        self._noise = noise

    def __call__(self, _input_ids: Any, scores: Any) -> Any:
        return self._noise.perturb(scores)


def until_end(tokens: Sequence[int], ends: frozenset[int]) -> Ids:
    """The tokens before the first end token."""
    for index, token in enumerate(tokens):
        if token in ends:
            return tuple(tokens[:index])
    return tuple(tokens)
