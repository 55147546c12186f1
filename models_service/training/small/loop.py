"""The training loop of the small critic: compiled, bf16 autocast, Muon and AdamW, on one core or one GPU.

On CPU several processes of one thread each may share a run (torchrun): each draws its own problems, and their
gradients are averaged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from models_service.training.small.decoder import Decoder, Shape
from models_service.training.small.feeding import Curriculum, Feed, InProcess, Order, Workers, all_said
from models_service.training.small.probe import Probe
from models_service.training.small.trees import Batch, tree_mask


@dataclass(frozen=True, slots=True)
class Plan:
    """The knobs of one run: `steps` of `rows` x `length` tokens, or as many as `minutes` allow if that is fewer.

    The rate decays over the last `decay` of the run.
    """

    steps: int
    first_round: float = 0.35
    length: int = 512
    rows: int = 8
    decay: float = 0.35
    matrix_rate: float = 0.02
    vector_rate: float = 4e-3
    warm_up: int = 30
    hint_weight: float = 0.5
    picked: int = 2560
    hinted: int = 768
    looks: int = 18
    """How many times in a run the critic is looked at and saved."""
    own_from: float = 1.7
    """The stage from which the model's own critiques are among the helpfulness examples."""
    own_share: float = 0.3
    """Of the third round's problems, how many carry the model's own critiques."""
    own_draws: int = 1
    """How many times a look fresh critiques of its own are drawn."""
    seed: int = 1
    minutes: float = 1e6
    """Wall time from the start of the program's clock; compiling counts, but moves no schedule."""
    begins: float = 0.0
    ends: float = 1.0
    """The part of the schedule that the minutes cover: a long run can be cut into legs, each resuming the last."""
    workers: int = 0
    """Processes that make batches; with none they are made between steps."""


#: What a curve calls the device of a run on CPU.
CORE = "one core"
#: Of the third round: how boldly the model's own critiques are drawn.
_OWN_TEMPERATURES = (0.3, 0.6, 1.0)
#: Steps between two notes of the losses: only then does the host wait for the device.
_NOTE_EVERY = 50


@dataclass(slots=True)
class _Clock:
    """How fast steps are, without the pauses between them: core seconds, wall seconds, and those waited."""

    core: float
    wall: float
    steps: int = 0
    tokens: int = 0
    waited: float = 0.0
    speed: dict[str, float] = field(default_factory=dict)

    def lap(self, steps: int, tokens: int, waited: float) -> float:
        """Core seconds since the last lap; `speed` tells the rest."""
        core, wall = time.process_time(), time.monotonic()
        took = wall - self.wall
        self.speed = {
            "tokens_per_second": round((tokens - self.tokens) / took),
            "step_ms": round(1000 * took / (steps - self.steps), 1),
            "waiting": round((waited - self.waited) / took, 3),
        }
        spent = core - self.core
        self.core, self.wall, self.steps, self.tokens, self.waited = core, wall, steps, tokens, waited
        return spent

    @contextmanager
    def stopped(self) -> Iterator[None]:
        core, wall = time.process_time(), time.monotonic()
        yield
        self.core += time.process_time() - core
        self.wall += time.monotonic() - wall


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
        device: str = "cpu",
        started: float | None = None,
    ) -> None:
        """`started` is the reading of time.monotonic() that `plan.minutes` count from; now, if not given."""
        torch.manual_seed(plan.seed)
        self.plan, self.curriculum, self.tokenizer, self.directory = plan, curriculum, tokenizer, directory
        self.device = torch.device(device)
        shape = replace(shape or Shape(0), vocabulary=tokenizer.get_vocab_size())
        self.model = Decoder(shape).to(self.device)
        self.hints = nn.Linear(shape.width, curriculum.questions * curriculum.classes).to(self.device)
        inside = [p for p in self.model.blocks.parameters() if p.dim() == 2]
        self.outside = [p for p in self.model.parameters() if not any(p is q for q in inside)]
        self.muon: torch.optim.Optimizer = torch.optim.Muon(
            inside, lr=plan.matrix_rate, momentum=0.95, weight_decay=0.0
        )
        self.adam = torch.optim.AdamW(
            [*self.outside, *self.hints.parameters()], lr=plan.vector_rate, betas=(0.9, 0.98), weight_decay=0.0,
            fused=self.device.type == "cuda",
        )  # fmt: skip
        self.step = self.tokens = self.resumed = 0
        self.seconds = 0.0
        self.rank = distributed.get_rank() if distributed.is_initialized() else 0
        self.started = time.monotonic() if started is None else started
        self._warm: float | None = None
        self._loss = torch.compile(self._loss_of, dynamic=False) if compiled else self._loss_of

    def _feed(self) -> Feed:
        """Its own streams for every process and every place where a run goes on."""
        plan = self.plan
        order = Order(
            self.curriculum, self.tokenizer.to_str(), f"{plan.seed} {self.rank} {self.step}", plan.length, plan.rows,
            plan.picked, plan.hinted, plan.own_from, plan.own_share,
        )  # fmt: skip
        return Workers(order, plan.workers) if plan.workers else InProcess(order)

    @property
    def progress(self) -> float:
        """Of the run, 0 to 1: by steps or by time, whichever is further. Time counts from the first step's end."""
        begins, ends = self.plan.begins, self.plan.ends
        passed = 0.0
        if self._warm is not None:
            stop = self.started + 60 * self.plan.minutes
            passed = min(1.0, (time.monotonic() - self._warm) / max(1.0, stop - self._warm))
        by_time = ends if passed == 1 else begins + (ends - begins) * passed  # rounding must not stop it short
        return min(1.0, max(self.step / self.plan.steps, by_time))

    @property
    def stage(self) -> float:
        first, progress = self.plan.first_round, self.progress
        if progress < first:
            return progress / first
        return 1 + (progress - first) / (1 - first)

    def _loss_of(self, *tensors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss to descend, the text's losses token by token, and the hints' mean loss."""
        tokens, positions, ends, predicted, targets, weights, hints, hint_weights = tensors
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            before_last, last = self.model.states(tokens.long(), positions.long(), tree_mask(ends))
            logits = self.model.logits(last.reshape(-1, self.model.shape.width)[predicted.long()]).float()
            # Asked before the last block, so that the last block can put the answers to use.
            asked = self.hints(before_last.reshape(-1, self.model.shape.width)[hints[:, 0].long()]).float()
        losses = F.cross_entropy(logits, targets.long(), reduction="none")
        text = (losses * weights).sum() / weights.sum()
        asked = asked.view(len(asked), self.curriculum.questions, self.curriculum.classes)
        chosen = hints[:, 1, None, None].long().expand(-1, 1, self.curriculum.classes)
        missed = F.cross_entropy(asked.gather(1, chosen)[:, 0], hints[:, 2].long(), reduction="none")
        hint = (missed * hint_weights).sum() / hint_weights.sum().clamp(min=1)
        return text + self.plan.hint_weight * hint, losses.detach(), hint.detach()

    def _rate(self) -> float:
        """Share of the full learning rate: warm-up, level, then linear decay to a thirtieth."""
        left = (1 - self.progress) / self.plan.decay
        return min(1.0, (self.step - self.resumed + 1) / self.plan.warm_up, max(0.03, left))

    def _learn(self, batch: Batch) -> Tensor:
        """One step; the mean losses of text and hints, left on the device."""
        rate = self._rate()
        for optimizer, full in ((self.muon, self.plan.matrix_rate), (self.adam, self.plan.vector_rate)):
            for group in optimizer.param_groups:
                group["lr"] = full * rate
        total, losses, hint = self._loss(*batch.tensors(self.device))
        total.backward()  # type: ignore[no-untyped-call]
        self._average_gradients()
        nn.utils.clip_grad_norm_(self.outside, 1.0)
        self.muon.step()
        self.adam.step()
        self.model.zero_grad()
        self.hints.zero_grad()
        return torch.stack([losses[: batch.used].mean(), hint])

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
        """Train to the end of the plan; the curve goes to `curve.jsonl`, the state to `state.pt`."""
        self.directory.mkdir(parents=True, exist_ok=True)
        parameters = sum(p.numel() for p in self.model.parameters())
        self._note(plan=asdict(self.plan), parameters=parameters, device=self._device_name())
        feed = self._feed()
        try:
            self._steps(feed)
        finally:
            feed.close()

    def _steps(self, feed: Feed) -> None:
        recent: list[Tensor] = []
        clock = _Clock(time.process_time(), time.monotonic(), self.step, self.tokens)
        looked = drawn = self.progress * self.plan.looks
        self._draw_own(feed)
        while self.progress < self.plan.ends:
            batch = feed.next(self.stage)
            recent.append(self._learn(batch))
            self.step += 1
            self.tokens += batch.real
            if self._warm is None:
                self._synchronize()
                self._warm = time.monotonic()
                self.seconds += clock.lap(self.step, self.tokens, feed.waited)
            if self.step % _NOTE_EVERY == 0:
                text, hint = torch.stack(recent).mean(0).tolist()
                recent = []
                self.seconds += clock.lap(self.step, self.tokens, feed.waited)
                self._note(
                    step=self.step, millions=round(self.tokens / 1e6, 2), core_minutes=round(self.seconds / 60, 2),
                    minutes=round((time.monotonic() - self.started) / 60, 2), progress=round(self.progress, 4),
                    text=round(text, 4), hint=round(hint, 4), used=batch.used, hinted=batch.hinted,
                    dropped=batch.dropped, **clock.speed, **self._memory(),
                )  # fmt: skip
            due = self.progress * self.plan.looks
            if int(due) > int(looked) and due < self.plan.looks:
                looked = due
                with clock.stopped():
                    self._look()
            if int(due * self.plan.own_draws) > int(drawn * self.plan.own_draws):
                drawn = due
                with clock.stopped():
                    self._draw_own(feed)
        self._look()

    def _look(self) -> None:
        """Look at the critic, and save."""
        if self.rank == 0:
            seen = self.curriculum.probe(Probe(self.model, self.tokenizer), self.stage)
            self._note(step=self.step, minutes=round((time.monotonic() - self.started) / 60, 2), probe=seen)
            self.save()

    def _draw_own(self, feed: Feed) -> None:
        """The third round, and after a resumption too: the critiques of the critic's own that makers ask for."""
        asked = feed.asked(self.stage) if self.progress < 1 else {}
        if not asked:
            return
        said = all_said(
            Probe(self.model, self.tokenizer), list(asked.values()), temperatures=_OWN_TEMPERATURES,
            seed=hash((self.plan.seed, self.rank, self.step)) % 2**31,
        )  # fmt: skip
        for number, texts in zip(asked, said, strict=True):
            feed.hear(number, texts)

    def _device_name(self) -> str:
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else CORE

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _memory(self) -> dict[str, float]:
        if self.device.type != "cuda":
            return {}
        return {"device_gb": round(torch.cuda.max_memory_allocated(self.device) / 1e9, 1)}

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
        """Go on from a saved state. The plan may differ: more steps, another length of decay."""
        saved = torch.load(state, weights_only=False, map_location=self.device)
        self.hints.load_state_dict(saved["hints"])
        self.model.load_state_dict(saved["model"])
        self.muon.load_state_dict(saved["muon"])
        self.adam.load_state_dict(saved["adam"])
        self.step, self.tokens, self.seconds = saved["step"], saved["tokens"], saved["seconds"]
        self.resumed = self.step
