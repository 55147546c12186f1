"""The backend for what the prefix tree does not support: every shared prefix is read once, its cache is copied.

The caches are transformers' own, recurrent states included. So any model that goes on exactly from a copy of its cache
is read this way, whatever its layers are. Rows of one answer decode together; answers only share their prefixes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from inspect import signature
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

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
from models_service.engine.gumbel_noise import gumbel_noise
from models_service.engine.loading import Loaded
from models_service.engine.packing import pack_prompts
from models_service.engine.random_streams import RandomStream
from models_service.engine.windows import UnsupportedArchitecture
from models_service.engine.yes_no import LabelHead

Ended = tuple[int, Tensor, Any]
"""A prompt's index, the logits at its end, [1, vocabulary] for `LabelHead`, and its cache."""


class BranchingBackend:
    """`Backend` on copies of transformers' own caches."""

    name = "branching"

    def __init__(self, loaded: Loaded) -> None:
        """Raises UnsupportedArchitecture where the model does not go on exactly from a copy of its cache."""
        self._model = loaded.model
        self._head = LabelHead(loaded.model, loaded.labels)
        self._tail, self._end_ids = loaded.helpfulness_tail, loaded.end_ids
        parameters = signature(loaded.model.forward).parameters
        self._argument = "cache_params" if "cache_params" in parameters else "past_key_values"
        self._only_last = {"logits_to_keep": 1} if "logits_to_keep" in parameters else {}
        self._in_one_pass = True
        """Whether several tokens may be read onto a cache at once. Some recurrent layers would forget it."""
        self._check_exact()

    # ---- Backend

    @torch.inference_mode()
    def score(self, prompts: Sequence[TokenIds]) -> list[float]:
        scores = {index: self._head.probabilities(logits)[0] for index, logits, _ in self._read_all(prompts)}
        return [scores[index] for index in range(len(prompts))]

    @torch.inference_mode()
    def sample(
        self, requests: Sequence[SamplingRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[TokenIds]:
        prompts = list(dict.fromkeys(request.prompt for request in requests))
        texts: dict[int, TokenIds] = {}
        for number, logits, cache in self._read_all(prompts):
            rows = [i for i, request in enumerate(requests) if request.prompt == prompts[number]]
            how = [requests[i].stream for i in rows], [requests[i].temperature for i in rows]
            mine = within(heartbeat, len(texts), len(rows), len(requests))
            written = self._generate(logits, cache, *how, max_new_tokens, mine)
            texts.update(zip(rows, written, strict=True))
        return [texts[index] for index in range(len(requests))]

    @torch.inference_mode()
    def critique(
        self, requests: Sequence[CritiqueRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[CritiqueOutput]:
        count = len(requests)
        prompts = [one.critique_prompt for one in requests] + [one.critiqueability_prompt for one in requests]
        critiqueability: dict[int, float] = {}
        critiques: dict[int, list[TokenIds]] = {}
        helpfulness: dict[int, list[float]] = {}
        for index, logits, cache in self._read_all(prompts):
            if index >= count:
                critiqueability[index - count] = self._head.probabilities(logits)[0]
                continue
            how = requests[index].streams, requests[index].temperatures
            mine = within(heartbeat, len(critiques), 1, count)
            critiques[index] = self._generate(logits, cache, *how, max_new_tokens, mine)
            helpfulness[index] = self._score_texts(cache, critiques[index])
        return [CritiqueOutput(critiqueability[i], tuple(critiques[i]), tuple(helpfulness[i])) for i in range(count)]

    # ---- reading

    def _read_all(self, prompts: Sequence[TokenIds]) -> Iterator[Ended]:
        """Read every prompt, and what several begin with once. A cache is its receiver's until it asks for the next."""
        tree = pack_prompts(prompts, max_node_tokens=2**62)
        waiting = Counter(node.parent for node in tree.nodes)
        caches: dict[int | None, Any] = {None: None}
        for index, node in enumerate(tree.nodes):
            waiting[node.parent] -= 1
            taken = caches[node.parent] if waiting[node.parent] else caches.pop(node.parent)
            cache = deepcopy(taken) if waiting[node.parent] else taken
            logits, caches[index] = self._read(torch.tensor([node.tokens], device=self._model.device), cache)
            for prompt in (i for i, end in enumerate(tree.ends) if end == index):
                yield prompt, logits, caches[index]
            if not waiting[index]:
                del caches[index]

    def _read(self, tokens: Tensor, cache: Any) -> tuple[Tensor, Any]:
        """Logits [rows, vocabulary] after the tokens [rows, new], and the cache that holds them too."""
        parts = [tokens] if cache is None or self._in_one_pass else torch.split(tokens, 1, 1)
        for part in parts:
            with self._head.appended():
                output = self._model(part, use_cache=True, **{self._argument: cache}, **self._only_last)
            cache = getattr(output, self._argument)
        return output.logits[:, -1], cache

    def _branch(self, cache: Any, rows: Sequence[int]) -> Any:
        """A copy of the cache with these of its rows, in this order."""
        branch = deepcopy(cache)
        branch.reorder_cache(torch.tensor(rows, device=self._model.device))
        return branch

    # ---- sampling

    def _generate(
        self,
        logits: Tensor,
        cache: Any,
        streams: Sequence[RandomStream],
        temperatures: Sequence[float],
        max_new_tokens: int,
        heartbeat: Heartbeat,
    ) -> list[TokenIds]:
        """A text for each random stream, all of them continuing one prompt."""
        noise = gumbel_noise(streams, temperatures, logits.device)
        cache = self._branch(cache, [0] * len(streams))
        logits = logits.expand(len(streams), -1)
        output: list[list[int]] = [[] for _ in streams]
        for step in range(1, max_new_tokens + 1):
            tokens = noise.sample(self._head.words(logits))
            for row, token in zip(output, tokens.tolist(), strict=True):
                row.append(token)
            if step == max_new_tokens or all(self._end_ids.intersection(row) for row in output):
                break
            logits, cache = self._read(tokens[:, None], cache)
            heartbeat(step / max_new_tokens)
        return [truncate_at_end(row, self._end_ids) for row in output]

    def _score_texts(self, cache: Any, texts: Sequence[TokenIds]) -> list[float]:
        """What each text scores after the prompt that the cache holds; those of one length are read together.

        They are read again: some models round a step otherwise than a pass, and a pass is what the reference scores by.
        """
        scores: dict[TokenIds, float] = {}
        for _, group in groupby(sorted(set(texts), key=len), key=len):
            alike = list(group)
            tokens = torch.tensor([(*text, *self._tail) for text in alike], device=self._model.device)
            logits, _ = self._read(tokens, self._branch(cache, [0] * len(alike)))
            scores.update(zip(alike, self._head.probabilities(logits), strict=True))
        return [scores[text] for text in texts]

    # ---- whether all this is exact for the model

    def _check_exact(self) -> None:
        """Compare with the model's own forward pass: continuing in one pass, else token by token."""
        try:
            if self._differs() is not None:
                self._in_one_pass = False
            difference = self._differs()
        except Exception as error:
            raise UnsupportedArchitecture(f"it does not go on from a copy of its cache: {error}") from error
        if difference is not None:
            raise UnsupportedArchitecture(f"its logits differ by {difference:.2g} of their size after a cached prefix")

    @torch.inference_mode()
    def _differs(self) -> float | None:
        """By how much, as a part of the largest logit; None if by no more than rounding."""
        vocabulary = self._model.get_input_embeddings().weight.shape[0]
        tokens = [(i * 7919 + 11) % vocabulary for i in range(64)]
        prompts = [tuple(tokens[:52]), tuple(tokens[:40] + tokens[52:])]
        ends = [(*prompt, *self._tail) for prompt in prompts]
        found: dict[int, Tensor] = {}
        for index, _, cache in self._read_all(prompts):
            branch = self._branch(cache, [0, 0])
            found[index] = self._read(torch.tensor([self._tail] * 2, device=self._model.device), branch)[0][1]
        ours = self._head.words(torch.stack([found[0], found[1]])).float()
        expected = torch.stack([self._alone(prompt) for prompt in ends]).float()
        part = float((ours - expected).abs().max()) / (float(expected.abs().max()) or 1.0)
        return None if part <= (1e-3 if self._model.dtype == torch.float32 else 1e-1) else part

    def _alone(self, prompt: TokenIds) -> Tensor:
        ids = torch.tensor([prompt], device=self._model.device)
        logits: Tensor = self._model(ids, use_cache=False, **self._only_last).logits[0, -1]
        return logits
