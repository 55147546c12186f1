"""The reference backend: transformers' own `generate`, and one full forward pass per score. Slow.

It works for any causal language model of transformers. Tests compare the prefix tree with it, and `local` falls back to
it for architectures that the prefix tree does not support.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from itertools import count, groupby
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList

from models_service.engine.backend import (
    CritiqueOutput,
    CritiqueRequest,
    Heartbeat,
    SamplingRequest,
    TokenIds,
    no_heartbeat,
    truncate_at_end,
    within,
)
from models_service.engine.gumbel_noise import GumbelNoise, gumbel_noise
from models_service.engine.loading import Loaded
from models_service.engine.yes_no import LabelHead


class PlainBackend:
    """`Backend` by stock calls. Requests with the same prompt are generated together, the prompt repeated."""

    name = "plain"

    def __init__(self, loaded: Loaded) -> None:
        self._model = loaded.model
        self._head = LabelHead(loaded.model, loaded.labels)
        self._ends = loaded.end_ids
        self._tail = loaded.helpfulness_tail
        # Nearly all models can leave out the logits that nobody reads.
        can = "logits_to_keep" in signature(loaded.model.forward).parameters
        self._only_last: dict[str, int] = {"logits_to_keep": 1} if can else {}

    @torch.inference_mode()
    def score(self, prompts: Sequence[TokenIds]) -> list[float]:
        return [self._score(prompt) for prompt in prompts]

    def _score(self, prompt: TokenIds) -> float:
        ids = torch.tensor([prompt], device=self._model.device)
        with self._head.appended():
            logits = self._model(ids, use_cache=False, **self._only_last).logits[:, -1]
        return self._head.probabilities(logits)[0]

    @torch.inference_mode()
    def sample(
        self, requests: Sequence[SamplingRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[TokenIds]:
        texts: list[TokenIds] = []
        for prompt, group in groupby(requests, key=lambda request: request.prompt):
            rows = list(group)
            mine = within(heartbeat, len(texts), len(rows), len(requests))
            texts += self._generate(prompt, rows, max_new_tokens, mine)
        return texts

    def _generate(
        self, prompt: TokenIds, requests: list[SamplingRequest], max_new_tokens: int, heartbeat: Heartbeat
    ) -> list[TokenIds]:
        ids = torch.tensor([prompt] * len(requests), device=self._model.device)
        noise = gumbel_noise([r.stream for r in requests], [r.temperature for r in requests], ids.device)
        steps = count(1)
        written = self._model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=sorted(self._ends) or None,
            pad_token_id=min(self._ends, default=0),
            logits_processor=LogitsProcessorList(
                [GumbelLogitsProcessor(noise, lambda: heartbeat(next(steps) / max_new_tokens))]
            ),
        )
        return [truncate_at_end(row[len(prompt) :], self._ends) for row in written.tolist()]

    @torch.inference_mode()
    def critique(
        self, requests: Sequence[CritiqueRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[CritiqueOutput]:
        total = len(requests)
        return [
            self._critique(request, max_new_tokens, within(heartbeat, done, 1, total))
            for done, request in enumerate(requests)
        ]

    def _critique(self, request: CritiqueRequest, max_new_tokens: int, heartbeat: Heartbeat) -> CritiqueOutput:
        pairs = zip(request.streams, request.temperatures, strict=True)
        critiques = self.sample(
            [SamplingRequest(request.critique_prompt, s, t) for s, t in pairs], max_new_tokens, heartbeat
        )
        distinct = dict.fromkeys(critiques, 0.0)
        for critique in distinct:
            distinct[critique] = self._score((*request.critique_prompt, *critique, *self._tail))
        return CritiqueOutput(
            critiqueability=self._score(request.critiqueability_prompt),
            critiques=tuple(critiques),
            helpfulness=tuple(distinct[critique] for critique in critiques),
        )


class GumbelLogitsProcessor(LogitsProcessor):
    """Applies temperature and Gumbel noise, so that greedy generation samples."""

    def __init__(self, noise: GumbelNoise, after_each: Callable[[], None] = lambda: None) -> None:
        self._noise, self._after_each = noise, after_each

    def __call__(self, _input_ids: Any, scores: Any) -> Any:
        self._after_each()
        return self._noise.perturb(scores)
