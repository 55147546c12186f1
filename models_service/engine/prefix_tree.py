"""The fast way: every shared prefix is computed once, all rows are written together, and a sampled
critique's own cache is scored for helpfulness.

Work for one bundle: one pass over the prompt, one small pass a token for all rows, one pass over the
helpfulness tails. Several answers of one passage share the passage and every small pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from models_service.engine.attention import NAME, PLAN, NotCovered, Plan, as_added
from models_service.engine.backend import Ask, Ids, Row, Tick, Told, no_tick
from models_service.engine.loading import Loaded
from models_service.engine.packing import Packing, pack
from models_service.engine.plain import until_end
from models_service.engine.plans import Reading, Writing
from models_service.engine.sampling import Noise
from models_service.engine.yes_no import probability_of_yes

__all__ = ["NotCovered", "PrefixTreeBackend"]

T = TypeVar("T")
#: The most tokens of prompts in one forward pass; longer packings are read in chunks.
CHUNK = 4096
#: On a GPU the host looks only now and then whether all rows have ended, so that it never waits.
STEPS_BETWEEN_LOOKS = {"cpu": 1, "cuda": 8}


class PrefixTreeBackend:
    """`Backend` on a model whose attention goes through transformers' attention interface."""

    name = "prefix_tree"

    def __init__(self, loaded: Loaded) -> None:
        """Raises NotCovered where the tree would not be exact; the model is then as it was."""
        self._model = loaded.model
        self._device = torch.device(loaded.model.device)
        self._layers = int(loaded.model.config.get_text_config().num_hidden_layers)
        self._labels = loaded.labels
        self._end_ids = loaded.end_ids
        self._ends = torch.tensor(sorted(loaded.end_ids), dtype=torch.long, device=self._device)
        self._tail = loaded.helpfulness_tail
        self._look_every = STEPS_BETWEEN_LOOKS.get(self._device.type, 1)
        if (before := self._model.config._attn_implementation) == NAME:
            self._model.set_attn_implementation(before := "sdpa")
        try:
            self._probe()
        except Exception as error:
            self._model.set_attn_implementation(before)
            if isinstance(error, NotCovered):
                raise
            raise NotCovered(f"a trial of its attention failed: {error}") from error

    # ---- what a backend does

    @torch.inference_mode()
    def score(self, prompts: Sequence[Ids]) -> list[float]:
        _, _, logits = self._read(prompts)
        return probability_of_yes(logits, self._labels)

    @torch.inference_mode()
    def sample(self, rows: Sequence[Row], max_new_tokens: int, tick: Tick = no_tick) -> list[Ids]:
        packing, read, logits = self._read([row.prompt for row in rows])
        order = _in_packed_order(packing.ends)
        batch = _Batch(
            self, packing, read, [packing.ends[i] for i in order], per_prompt=1, max_new_tokens=max_new_tokens
        )
        noise = Noise([rows[i].stream for i in order], [rows[i].temperature for i in order], self._device)
        texts = batch.write(logits[order], noise, tick)
        return _in_asked_order(texts, order)

    @torch.inference_mode()
    def critique(self, asks: Sequence[Ask], max_new_tokens: int, tick: Tick = no_tick) -> list[Told]:
        count, per_ask = len(asks), len(asks[0].temperatures)
        # Critique prompts first: a lone answer's path is then one stretch of the packing, never copied.
        packing, read, logits = self._read([ask.critique for ask in asks] + [ask.critiqueability for ask in asks])
        critiqueability = probability_of_yes(logits[count:], self._labels)
        order = _in_packed_order(packing.ends[:count])
        ends = [packing.ends[i] for i in order]
        batch = _Batch(self, packing, read, ends, per_prompt=per_ask, max_new_tokens=max_new_tokens)
        noise = Noise(
            [stream for i in order for stream in asks[i].streams],
            [temperature for i in order for temperature in asks[i].temperatures],
            self._device,
        )
        texts = batch.write(logits[order].repeat_interleave(per_ask, 0), noise, tick)
        scores = batch.score(texts, self._tail, self._labels)
        told = [
            Told(critiqueability[i], tuple(texts[at : at + per_ask]), tuple(scores[at : at + per_ask]))
            for at, i in zip(range(0, count * per_ask, per_ask), order, strict=True)
        ]
        return _in_asked_order(told, order)

    # ---- forward passes

    def _read(self, prompts: Sequence[Ids]) -> tuple[Packing, Reading, Tensor]:
        """Read the prompts; logits [prompts, vocabulary] at their ends."""
        packing = pack(prompts, CHUNK)
        read = Reading(packing, self._layers - 1)
        tokens = torch.tensor(packing.tokens, device=self._device)
        positions = torch.tensor(packing.positions, device=self._device)
        last = [packing.nodes[end].stop - 1 for end in packing.ends]
        found: dict[int, Tensor] = {}
        for start in range(0, len(tokens), CHUNK):
            stop = min(start + CHUNK, len(tokens))
            wanted = sorted({place for place in last if start <= place < stop}) or [start]
            read.next_chunk(stop, wanted)
            keep = torch.tensor([place - start for place in wanted], device=self._device)
            logits = self.forward(read, tokens[start:stop], positions[start:stop], keep)
            found.update(zip(wanted, logits, strict=True))
        return packing, read, torch.stack([found[place] for place in last])

    def forward(self, plan: Plan, tokens: Tensor, positions: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits [kept, vocabulary] of packed tokens [T] at positions [T]."""
        if self._model.config._attn_implementation != NAME:
            self._model.set_attn_implementation(NAME)
        options: dict[str, Any] = {} if keep is None else {"logits_to_keep": keep}
        running = PLAN.set(plan)
        try:
            output = self._model(
                input_ids=tokens[None],
                position_ids=positions[None],
                attention_mask=self._no_mask,
                use_cache=False,
                **options,
            )
        finally:
            PLAN.reset(running)
        logits: Tensor = output.logits[0]
        return logits if keep is None or len(logits) == len(keep) else logits[keep]

    @property
    def _no_mask(self) -> Tensor:
        """Four dimensions tell transformers that the mask is ready; the plan never looks at it."""
        return torch.empty(1, 1, 1, 1, device=self._device)

    # ---- whether all this is exact here

    @torch.inference_mode()
    def _probe(self) -> None:
        """Compare a small tree with the model's own forward pass. Raises NotCovered."""
        self._check_positions()
        vocabulary = self._model.get_input_embeddings().weight.shape[0]
        tokens = [(i * 7919 + 11) % vocabulary for i in range(64)]
        trunk, one, other = tokens[:40], tokens[40:52], tokens[52:]
        prompts = [tuple(trunk + one), tuple(trunk + other), tuple(trunk)]
        expected = torch.stack([self._model(torch.tensor([p], device=self._device)).logits[0, -1] for p in prompts])
        self._model.set_attn_implementation(NAME)
        if self._model.config._attn_implementation != NAME:
            raise NotCovered("its attention does not go through transformers' attention interface")
        self._check_mask(prompts[2])
        packing, read, logits = self._read(prompts)
        if sorted(read.kept) != list(range(self._layers)):
            raise NotCovered(f"{len(read.kept)} of its {self._layers} layers use the attention interface")
        self._check_close(logits, expected)
        next_token = 3 % vocabulary
        batch = _Batch(self, packing, read, packing.ends[:2], per_prompt=1, max_new_tokens=1)
        written = self.forward(
            batch.plan,
            torch.tensor([next_token] * 2, device=self._device),
            torch.tensor([len(p) for p in prompts[:2]], device=self._device),
        )
        alone = [self._alone([*prompt, next_token]) for prompt in prompts[:2]]
        self._check_close(written, torch.stack(alone))

    def _alone(self, prompt: Sequence[int]) -> Tensor:
        """Logits after one prompt, read as a tree of one node."""
        return self._read([tuple(prompt)])[2][0]

    def _check_positions(self) -> None:
        """Rotary frequencies that follow the longest prompt would make a bundle depend on its mates."""
        rope = getattr(self._model.config.get_text_config(), "rope_parameters", None) or {}
        kinds = [part.get("rope_type") for part in (rope, *rope.values()) if isinstance(part, dict)]
        if moving := {"dynamic", "longrope"} & set(kinds):
            raise NotCovered(f"its rotary positions ({moving.pop()}) depend on what is read together")

    def _check_mask(self, prompt: Ids) -> None:
        """Let the model ask for its mask once: any but the causal one is refused there."""
        read = Reading(pack([prompt]), self._layers - 1)
        read.next_chunk(len(prompt), [len(prompt) - 1])
        running = PLAN.set(read)
        try:
            self._model(torch.tensor([prompt], device=self._device), use_cache=False)
        finally:
            PLAN.reset(running)

    def _check_close(self, found: Tensor, expected: Tensor) -> None:
        scale = float(expected.float().abs().max()) or 1.0
        tolerance = 1e-3 if expected.dtype == torch.float32 else 1e-1
        difference = float((found.float() - expected.float()).abs().max())
        if not difference <= tolerance * scale:
            raise NotCovered(f"its logits differ by {difference:.2g} where they reach {scale:.2g}")


class _Batch:
    """Rows that are written together, and then scored from their own keys and values."""

    def __init__(
        self,
        backend: PrefixTreeBackend,
        packing: Packing,
        read: Reading,
        ends: Sequence[int],
        *,
        per_prompt: int,
        max_new_tokens: int,
    ) -> None:
        self._backend = backend
        self._device = backend._device
        self._max_new = max_new_tokens
        lengths = [packing.nodes[end].depth + len(packing.nodes[end].tokens) for end in ends]
        self._lengths = torch.tensor(lengths, device=self._device).repeat_interleave(per_prompt)
        capacity = max_new_tokens + len(backend._tail) + 1
        self.plan = Writing(packing, read, ends, per_prompt, capacity)

    def write(self, logits: Tensor, noise: Noise, tick: Tick) -> list[Ids]:
        """Sample all rows until each has ended or `max_new_tokens` are written; logits [rows, vocabulary]."""
        backend, plan = self._backend, self.plan
        written: list[Tensor] = []
        ended = torch.zeros(plan.rows, dtype=torch.bool, device=self._device)
        while True:
            tokens = noise.pick(logits)
            written.append(tokens)
            ended |= torch.isin(tokens, backend._ends)
            step = len(written)
            if step == self._max_new or (step % backend._look_every == 0 and bool(ended.all())):
                break
            logits = backend.forward(plan, tokens, self._lengths + plan.filled)
            plan.filled += 1
            if step % 8 == 0:
                tick()
        rows = torch.stack(written, 1).tolist()
        return [until_end(row, backend._end_ids) for row in rows]

    def score(self, texts: Sequence[Ids], tail: Ids, labels: tuple[int, int]) -> list[float]:
        """Pr[Yes] after each text and the tail.

        Every row feeds one slot and the tail. The slot holds the row's last token where that was sampled but
        not yet read; other rows leave it out by mask, as they do what was computed beyond their end.
        """
        plan, filled = self.plan, self.plan.filled
        lengths = torch.tensor([len(text) for text in texts], device=self._device)
        pending = lengths > filled
        last = torch.tensor([text[-1] if text else tail[0] for text in texts], device=self._device)
        tails = torch.tensor(tail, device=self._device).expand(plan.rows, -1)
        tokens = torch.cat([last[:, None], tails], 1)
        new = tokens.shape[1]
        step = torch.arange(new, device=self._device)
        # The slot's position is that of the last token; the tail goes on from there.
        positions = (self._lengths + lengths - 1)[:, None] + step
        before = torch.arange(filled, device=self._device) < lengths[:, None]
        causal = step <= step[:, None]
        causal = causal & ((step != 0) | pending[:, None, None] | (step[:, None] == 0))
        seen = torch.cat([before[:, None].expand(-1, new, -1), causal], 2)
        plan.mask = as_added(seen)[:, None]
        ends = torch.arange(new - 1, plan.rows * new, new, device=self._device)
        logits = self._backend.forward(plan, tokens.reshape(-1), positions.reshape(-1), ends)
        return probability_of_yes(logits, labels)


def _in_packed_order(ends: Sequence[int]) -> list[int]:
    """Indices of the prompts, in the order in which they end in the packing."""
    return sorted(range(len(ends)), key=lambda i: ends[i])


def _in_asked_order(found: Sequence[T], order: Sequence[int]) -> list[T]:
    """Undo `_in_packed_order`."""
    return [item for _, item in sorted(zip(order, found, strict=True), key=lambda pair: pair[0])]
