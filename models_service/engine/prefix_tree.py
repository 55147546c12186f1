"""The fast way: every shared prefix is computed once, all rows are written together, and a sampled
critique's own cache is scored for helpfulness.

Work for one bundle: one pass over the prompt, one small pass a token for all rows, one pass over the
helpfulness tails. Several answers of one passage share the passage and every small pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from models_service.engine.attention import NAME, PLAN, NotCovered, Plan
from models_service.engine.backend import Ask, Ids, Row, Tick, Told, no_tick
from models_service.engine.few_rows import suit_few_rows
from models_service.engine.loading import Loaded
from models_service.engine.packing import Packing, pack
from models_service.engine.ways import ByNode, ByStretch, ReadingPlan, Way
from models_service.engine.yes_no import probability_of_yes

__all__ = ["NotCovered", "PrefixTreeBackend"]

T = TypeVar("T")


By = Literal["node", "stretch"]


def ways_for(loaded: Loaded) -> tuple[By, ...]:
    """What to try on a model's device, the faster first: stretches need the GPU's kernel, which is half precision."""
    model = loaded.model
    if torch.device(model.device).type == "cuda" and model.dtype != torch.float32:
        return "stretch", "node"
    return ("node",)


class PrefixTreeBackend:
    """`Backend` on a model whose attention goes through transformers' attention interface."""

    name = "prefix_tree"

    def __init__(self, loaded: Loaded, by: By | None = None) -> None:
        """Raises NotCovered where the tree would not be exact; the model is then as it was."""
        self._model = loaded.model
        self._device = torch.device(loaded.model.device)
        self._layers = int(loaded.model.config.get_text_config().num_hidden_layers)
        self._labels = loaded.labels
        self._tail = loaded.helpfulness_tail
        self._no_mask = torch.empty(1, 1, 1, 1, device=self._device)
        """Four dimensions tell transformers that the mask is ready; no plan looks at it."""
        self._way = self._open_way(by or ways_for(loaded)[0], loaded)
        if (before := self._model.config._attn_implementation) == NAME:
            self._model.set_attn_implementation(before := "sdpa")
        suited = suit_few_rows(self._model)
        try:
            self._probe()
        except Exception as error:
            self._model.set_attn_implementation(before)
            for module in suited:
                del module.forward
            if isinstance(error, NotCovered):
                raise
            raise NotCovered(f"a trial of its attention failed: {error}") from error

    def _open_way(self, by: By, loaded: Loaded) -> Way:
        """`forward` as a function, so that no way holds the backend's other things."""
        tail, ends = len(loaded.helpfulness_tail), loaded.end_ids
        if by == "stretch":
            return ByStretch(self.forward, tail, ends, self._device)
        return ByNode(self.forward, self._layers, tail, ends, self._device)

    # ---- what a backend does

    @torch.inference_mode()
    def score(self, prompts: Sequence[Ids]) -> list[float]:
        _, _, logits = self._read(prompts)
        return probability_of_yes(logits, self._labels)

    @torch.inference_mode()
    def sample(self, rows: Sequence[Row], max_new_tokens: int, tick: Tick = no_tick) -> list[Ids]:
        packing, read, logits = self._read([row.prompt for row in rows], len(rows), max_new_tokens)
        order = _in_packed_order(packing.ends)
        batch = self._way.batch(packing, read, [packing.ends[i] for i in order], 1, max_new_tokens)
        streams, temperatures = [rows[i].stream for i in order], [rows[i].temperature for i in order]
        texts = batch.write(logits[order], streams, temperatures, max_new_tokens, tick)
        return _in_asked_order(texts, order)

    @torch.inference_mode()
    def critique(self, asks: Sequence[Ask], max_new_tokens: int, tick: Tick = no_tick) -> list[Told]:
        count, per_ask = len(asks), len(asks[0].temperatures)
        # Critique prompts first: a lone answer's path is then one stretch of the packing, never copied.
        prompts = [ask.critique for ask in asks] + [ask.critiqueability for ask in asks]
        packing, read, logits = self._read(prompts, count * per_ask, max_new_tokens)
        critiqueability = probability_of_yes(logits[count:], self._labels)
        order = _in_packed_order(packing.ends[:count])
        ends = [packing.ends[i] for i in order]
        batch = self._way.batch(packing, read, ends, per_ask, max_new_tokens)
        streams = [stream for i in order for stream in asks[i].streams]
        temperatures = [temperature for i in order for temperature in asks[i].temperatures]
        first = logits[order].repeat_interleave(per_ask, 0)
        texts = batch.write(first, streams, temperatures, max_new_tokens, tick)
        scores = batch.score(texts, self._tail, self._labels)
        told = [
            Told(critiqueability[i], tuple(texts[at : at + per_ask]), tuple(scores[at : at + per_ask]))
            for at, i in zip(range(0, count * per_ask, per_ask), order, strict=True)
        ]
        return _in_asked_order(told, order)

    # ---- forward passes

    def _read(self, prompts: Sequence[Ids], rows: int = 0, limit: int = 0) -> tuple[Packing, ReadingPlan, Tensor]:
        """Read the prompts, for `rows` of `limit` tokens to go on; logits [prompts, vocabulary] at their ends."""
        chunk = self._way.chunk
        packing = pack(prompts, chunk)
        read = self._way.reading(packing, rows, limit)
        tokens = torch.tensor(packing.tokens, device=self._device)
        positions = torch.tensor(packing.positions, device=self._device)
        last = [packing.nodes[end].stop - 1 for end in packing.ends]
        found: dict[int, Tensor] = {}
        for start in range(0, len(tokens), chunk):
            stop = min(start + chunk, len(tokens))
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
        packing, read, logits = self._read(prompts, rows=2, limit=1)
        if read.layers != list(range(self._layers)):
            raise NotCovered(f"{len(read.layers)} of its {self._layers} layers use the attention interface")
        self._check_close(logits, expected)
        next_token = 3 % vocabulary
        batch = self._way.batch(packing, read, packing.ends[:2], 1, 1)
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
        read = self._way.reading(pack([prompt]))
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


def _in_packed_order(ends: Sequence[int]) -> list[int]:
    """Indices of the prompts, in the order in which they end in the packing."""
    return sorted(range(len(ends)), key=lambda i: ends[i])


def _in_asked_order(found: Sequence[T], order: Sequence[int]) -> list[T]:
    """Undo `_in_packed_order`."""
    return [item for _, item in sorted(zip(order, found, strict=True), key=lambda pair: pair[0])]
