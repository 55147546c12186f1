"""A quick look at a critic in training: greedy critiques and Yes/No probabilities, in batches with a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from findings.statistics.auc import auc
from models_service.formats import FINETUNED, Piece, Pieces
from models_service.training.small.decoder import Cache, Decoder
from models_service.training.small.trees import EOS, PAD
from models_service.types import Subject


@dataclass(frozen=True, slots=True)
class Probed:
    """An answer to look at, with what the oracles say of it."""

    subject: Subject
    critiqueable: bool
    helpful: Callable[[str], bool]
    examples: Sequence[tuple[str, bool]] = ()
    """Critiques written by the oracle, and whether each is valid."""


def encode(tokenizer: Tokenizer, pieces: Pieces) -> list[int]:
    """Piece by piece, as everywhere."""
    return [token for piece in pieces for token in _ids(tokenizer, piece)]


def _ids(tokenizer: Tokenizer, piece: Piece) -> list[int]:
    return [EOS] if piece.role == "end" else list(tokenizer.encode(piece.text).ids)


def _additive(seen: Tensor) -> Tensor:
    """What to add to attention's scores: nothing where it may look, much below any score elsewhere."""
    return torch.zeros(seen.shape, dtype=torch.bfloat16, device=seen.device).masked_fill_(~seen, -1e4)


@dataclass(slots=True)
class Probe:
    """Runs one decoder with one tokenizer."""

    model: Decoder
    tokenizer: Tokenizer

    @property
    def device(self) -> torch.device:
        return self.model.embedding.weight.device

    @property
    def rows(self) -> int:
        """How many prompts a batch has."""
        return 512 if self.device.type == "cuda" else 16

    def _batches(self, prompts: Sequence[list[int]]) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Prompts of like length together, padded on the left: which they are, tokens, which are real."""
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        for start in range(0, len(order), self.rows):
            chosen = order[start : start + self.rows]
            longest = -(-max(len(prompts[i]) for i in chosen) // 16) * 16  # as a GPU's attention likes its mask
            tokens = torch.full((len(chosen), longest), PAD)
            real = torch.zeros(len(chosen), longest, dtype=torch.bool)
            for row, i in enumerate(chosen):
                tokens[row, longest - len(prompts[i]) :] = torch.tensor(prompts[i])
                real[row, longest - len(prompts[i]) :] = True
            yield chosen, tokens.to(self.device), real.to(self.device)

    def _prefill(self, tokens: Tensor, real: Tensor, cache: Cache | None) -> tuple[Tensor, Tensor]:
        time = tokens.shape[1]
        positions = (real.long().cumsum(1) - 1).clamp(min=0)
        seen = torch.ones(time, time, dtype=torch.bool, device=real.device).tril()[None] & real[:, None, :]
        seen = seen | torch.eye(time, dtype=torch.bool, device=real.device)
        mask = _additive(seen)[:, None]
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            hidden = self.model.hidden(tokens, positions, mask, cache)
            return self.model.logits(hidden[:, -1]).float(), positions[:, -1]

    @torch.no_grad()
    def yes(self, prompts: Sequence[list[int]]) -> list[float]:
        """Pr[Yes] / (Pr[Yes] + Pr[No]) after each prompt."""
        (yes,), (no,) = self.tokenizer.encode(" Yes").ids, self.tokenizer.encode(" No").ids
        found = [0.0] * len(prompts)
        for chosen, tokens, real in self._batches(prompts):
            logits, _ = self._prefill(tokens, real, None)
            for i, chance in zip(chosen, torch.sigmoid(logits[:, yes] - logits[:, no]).tolist(), strict=True):
                found[i] = chance
        return found

    @torch.no_grad()
    def say(
        self, prompts: Sequence[list[int]], *, temperature: float = 0.0, limit: int = 60, seed: int = 0
    ) -> list[str]:
        """What follows each prompt, up to the end token; greedy at temperature 0."""
        said = [""] * len(prompts)
        generator = torch.Generator(self.device).manual_seed(seed)
        for chosen, tokens, given in self._batches(prompts):
            real = given
            cache: Cache = [None] * len(self.model.blocks)
            logits, position = self._prefill(tokens, real, cache)
            written: list[Tensor] = []
            done = torch.zeros(len(chosen), dtype=torch.bool, device=self.device)
            for _ in range(limit):
                if temperature:
                    chances = torch.softmax(logits / temperature, -1)
                    following = torch.multinomial(chances, 1, generator=generator)[:, 0]
                else:
                    following = logits.argmax(-1)
                following = following.masked_fill(done, EOS)
                written.append(following)
                done |= following == EOS
                if bool(done.all()):
                    break
                real = torch.cat([real, torch.ones_like(real[:, :1])], 1)
                position = position + 1
                mask = _additive(real)[:, None, None]
                with torch.autocast(self.device.type, dtype=torch.bfloat16):
                    hidden = self.model.hidden(following[:, None], position[:, None], mask, cache)
                    logits = self.model.logits(hidden[:, -1]).float()
            rows = torch.stack(written, 1).tolist()
            for row, i in enumerate(chosen):
                said[i] = self.tokenizer.decode([t for t in rows[row] if t != EOS]).strip()
        return said

    def critiques(self, subjects: Sequence[Subject], *, temperature: float = 0.0, seed: int = 0) -> list[str]:
        """A forced critique of each answer."""
        prompts = [encode(self.tokenizer, FINETUNED.critique_prompt(subject)) for subject in subjects]
        return self.say(prompts, temperature=temperature, seed=seed)

    def answers(self, subjects: Sequence[Subject], *, temperature: float = 0.0, seed: int = 0) -> list[str]:
        """The base task."""
        prompts = [encode(self.tokenizer, FINETUNED.answer_prompt(subject)) for subject in subjects]
        return self.say(prompts, temperature=temperature, limit=120, seed=seed)

    def look(self, probed: Sequence[Probed]) -> dict[str, float]:
        """Share of flawed answers whose greedy critique is valid, and the two areas under the curve."""
        scores = self.yes([encode(self.tokenizer, FINETUNED.critiqueability_prompt(one.subject)) for one in probed])
        flawed = [one for one in probed if one.critiqueable]
        valid = [
            one.helpful(text) for one, text in zip(flawed, self.critiques([one.subject for one in flawed]), strict=True)
        ]
        written = [(one.subject, text, label) for one in probed for text, label in one.examples]
        judged = self.yes(
            [encode(self.tokenizer, FINETUNED.helpfulness_prompt(subject, text)) for subject, text, _ in written]
        )
        return {
            "valid": round(float(np.mean(valid)), 3),
            "critiqueability": round(auc(scores, [one.critiqueable for one in probed]), 3),
            "helpfulness": round(auc(judged, [label for *_, label in written]), 3),
        }
