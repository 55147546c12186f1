"""The training loop of the small critic: one thread, compiled, bf16 autocast, Muon and AdamW.

Several processes of one thread each may share a run (torchrun): each draws its own problems, and their
gradients are averaged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from models_service.training.small.decoder import Decoder, Shape, grow
from models_service.training.small.lessons import Layout, Proportions, Sheet
from models_service.training.small.muon import Muon
from models_service.training.small.probe import Probe
from models_service.training.small.trees import Batch, Node, Packer


@dataclass(frozen=True, slots=True)
class Curriculum:
    """What is taught when. The stage runs from 0 to 1 over the first round, from 1 to 2 over the second."""

    sheet: Callable[[Random, float], Sheet]
    proportions: Callable[[float], Proportions]
    probe: Callable[[Probe, float], dict[str, float]]
    questions: int
    classes: int
    own: Callable[[Probe, Random], list[Sheet]] | None = None
    """The third round: problems with the model's own critiques of them, judged by the oracle."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The knobs of one run. `steps` of `rows` x `length` tokens; the rate decays over the last `decay`."""

    steps: int
    first_round: float = 0.35
    length: int = 512
    rows: int = 8
    decay: float = 0.35
    matrix_rate: float = 0.02
    vector_rate: float = 4e-3
    hint_weight: float = 0.5
    picked: int = 2560
    hinted: int = 768
    probe_every: int = 500
    own_from: float = 1.7
    """The stage from which the model's own critiques are among the helpfulness examples."""
    seed: int = 1


#: Of the third round's problems, how many carry the model's own critiques.
_OWN_SHARE = 0.3


class Trainer:
    """Holds a run's state; `run` takes it to the end, saving as it goes so that it can resume."""

    def __init__(
        self,
        plan: Plan,
        curriculum: Curriculum,
        tokenizer: Tokenizer,
        directory: Path,
        *,
        shape: Shape | None = None,
        compiled: bool = True,
    ) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.curriculum, self.tokenizer, self.directory = plan, curriculum, tokenizer, directory
        self.model = Decoder(replace(shape or Shape(0), vocabulary=tokenizer.get_vocab_size()))
        self.hints = nn.Linear(self.model.shape.width, curriculum.questions * curriculum.classes)
        inside = [p for p in self.model.blocks.parameters() if p.dim() == 2]
        self.outside = [p for p in self.model.parameters() if not any(p is q for q in inside)]
        self.muon = Muon(inside, lr=plan.matrix_rate)
        self.adam = torch.optim.AdamW(
            [*self.outside, *self.hints.parameters()], lr=plan.vector_rate, betas=(0.9, 0.98), weight_decay=0.0
        )
        self.step = self.tokens = self.resumed = 0
        self.seconds = 0.0
        self.rank = distributed.get_rank() if distributed.is_initialized() else 0
        self.rng = self._fresh_rng()
        self.layout = Layout(tokenizer)
        self.packer = Packer(self._tree, plan.length, plan.rows, plan.picked, plan.hinted)
        self.own: list[Sheet] = []
        self._loss = torch.compile(self._loss_of, dynamic=False) if compiled else self._loss_of

    def _fresh_rng(self) -> Random:
        """Its own stream for every process and every place where a run goes on."""
        return Random(f"{self.plan.seed} {self.rank} {self.step}")

    @property
    def progress(self) -> float:
        return self.step / self.plan.steps

    @property
    def stage(self) -> float:
        first = self.plan.first_round
        if self.progress < first:
            return self.progress / first
        return 1 + (self.progress - first) / (1 - first)

    def _tree(self) -> Node:
        self.layout.proportions = self.curriculum.proportions(self.stage)
        if self.own and self.rng.random() < _OWN_SHARE:
            return self.layout.tree(self.rng, self.rng.choice(self.own))
        return self.layout.tree(self.rng, self.curriculum.sheet(self.rng, self.stage))

    def _loss_of(self, *tensors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss to descend, the text's losses token by token, and the hints' mean loss."""
        tokens, positions, mask, predicted, targets, weights, hints, hint_weights = tensors
        with torch.autocast("cpu", dtype=torch.bfloat16):
            before_last, last = self.model.states(tokens, positions, mask)
            logits = self.model.logits(last.reshape(-1, self.model.shape.width)[predicted]).float()
            # Asked before the last block, so that the last block can put the answers to use.
            asked = self.hints(before_last.reshape(-1, self.model.shape.width)[hints[:, 0]]).float()
        losses = F.cross_entropy(logits, targets, reduction="none")
        text = (losses * weights).sum() / weights.sum()
        asked = asked.view(len(asked), self.curriculum.questions, self.curriculum.classes)
        chosen = hints[:, 1, None, None].expand(-1, 1, self.curriculum.classes)
        missed = F.cross_entropy(asked.gather(1, chosen)[:, 0], hints[:, 2], reduction="none")
        hint = (missed * hint_weights).sum() / hint_weights.sum().clamp(min=1)
        return text + self.plan.hint_weight * hint, losses.detach(), hint.detach()

    def _rate(self) -> float:
        """Share of the full learning rate: 30 steps of warm-up, level, then linear decay to a thirtieth."""
        left = (1 - self.progress) / self.plan.decay
        return min(1.0, (self.step - self.resumed + 1) / 30, max(0.03, left))

    def _learn(self, batch: Batch) -> tuple[float, float]:
        for optimizer, full in ((self.muon, self.plan.matrix_rate), (self.adam, self.plan.vector_rate)):
            for group in optimizer.param_groups:
                group["lr"] = full * self._rate()
        total, losses, hint = self._loss(
            batch.tokens, batch.positions, batch.mask, batch.predicted, batch.targets,
            batch.weights, batch.hints, batch.hint_weights,
        )  # fmt: skip
        total.backward()  # type: ignore[no-untyped-call]
        self._average_gradients()
        nn.utils.clip_grad_norm_(self.outside, 1.0)
        self.muon.step()
        self.adam.step()
        self.model.zero_grad()
        self.hints.zero_grad()
        return float(losses[: batch.used].mean()), float(hint)

    def _average_gradients(self) -> None:
        if not distributed.is_initialized():
            return
        gradients = [p.grad for p in (*self.model.parameters(), *self.hints.parameters()) if p.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= distributed.get_world_size()
        place = 0
        for gradient in gradients:
            gradient.copy_(flat[place : place + gradient.numel()].view_as(gradient))
            place += gradient.numel()

    def run(self) -> None:
        """Train to the last planned step; the curve goes to `curve.jsonl`, the state to `state.pt`."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._note(plan=asdict(self.plan), parameters=sum(p.numel() for p in self.model.parameters()))
        recent: list[tuple[float, float]] = []
        started = time.process_time()
        self._draw_own()
        batches = self.packer.batches()
        while self.step < self.plan.steps:
            batch = next(batches)
            recent.append(self._learn(batch))
            self.step += 1
            self.tokens += batch.real
            if self.step % 50 == 0:
                now = time.process_time()
                self.seconds, started = self.seconds + now - started, now
                text, hint = (sum(values) / len(recent) for values in zip(*recent, strict=True))
                recent = []
                self._note(
                    step=self.step, millions=round(self.tokens / 1e6, 2), core_minutes=round(self.seconds / 60, 2),
                    text=round(text, 4), hint=round(hint, 4), used=batch.used, hinted=int(batch.hint_weights.sum()),
                    dropped=self.packer.dropped,
                )  # fmt: skip
            if self.step % self.plan.probe_every == 0 or self.step == self.plan.steps:
                before = time.process_time()
                self._pause()
                started += time.process_time() - before

    def _pause(self) -> None:
        """Look at the critic, save, and draw its own critiques for the third round."""
        probe = Probe(self.model, self.tokenizer)
        if self.rank == 0:
            self._note(step=self.step, probe=self.curriculum.probe(probe, self.stage))
            self.save()
        self._draw_own()

    def _draw_own(self) -> None:
        """The third round, and after a resumption too: fresh critiques of the critic's own."""
        if self.curriculum.own is not None and self.plan.own_from <= self.stage < 2:
            self.own = self.curriculum.own(Probe(self.model, self.tokenizer), self.rng)

    def _note(self, **fields: object) -> None:
        if self.rank:
            return
        with (self.directory / "curve.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(fields) + "\n")

    def save(self) -> None:
        """Everything needed to go on from here, written whole or not at all."""
        state = {
            "model": self.model.state_dict(), "hints": self.hints.state_dict(),
            "muon": self.muon.state_dict(), "adam": self.adam.state_dict(),
            "step": self.step, "tokens": self.tokens, "seconds": self.seconds,
        }  # fmt: skip
        partial = self.directory / "state.partial"
        torch.save(state, partial)
        partial.replace(self.directory / "state.pt")

    def resume(self, state: Path) -> None:
        """Go on from a saved state. The plan may differ: more steps, another length of decay, more layers.

        With more layers the optimizers start afresh.
        """
        saved = torch.load(state, weights_only=False)
        layers = 1 + max(int(name.split(".")[1]) for name in saved["model"] if name.startswith("blocks."))
        self.hints.load_state_dict(saved["hints"])
        if layers == self.model.shape.layers:
            self.model.load_state_dict(saved["model"])
            self.muon.load_state_dict(saved["muon"])
            self.adam.load_state_dict(saved["adam"])
        else:
            shorter = Decoder(replace(self.model.shape, layers=layers))
            shorter.load_state_dict(saved["model"])
            self.model.load_state_dict(grow(shorter, self.model.shape.layers).state_dict())
        self.step, self.tokens, self.seconds = saved["step"], saved["tokens"], saved["seconds"]
        self.resumed = self.step
        self.rng = self._fresh_rng()
