"""Seeded streams of judged passages: mixed by shares, repeated by epochs, drawn by background processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from findings import jsonl
from findings.records import HELPFULNESS, read
from models_service.training.judged import from_helpfulness
from models_service.training.splits import Split, of_split
from models_service.types import JudgedAnswer, JudgedCritique, JudgedPassage

#: From a seed to passages, endless where they are made and where they are repeated.
Stream = Callable[[int], Iterator[JudgedPassage]]


def mixed(parts: Sequence[tuple[float, Stream]]) -> Stream:
    """Each next passage is of one of the streams, drawn by the shares."""

    def stream(seed: int) -> Iterator[JudgedPassage]:
        rng = Random(f"mixed {seed}")
        shares = [share for share, _ in parts]
        streams = [one(seed) for _, one in parts]
        while True:
            yield next(rng.choices(streams, shares)[0])

    return stream


def repeated(passages: Sequence[JudgedPassage]) -> Stream:
    """Epochs without end, each in an order of its own. Raises ValueError where there is nothing to repeat."""
    if not passages:
        raise ValueError("there is no passage to learn from")

    def stream(seed: int) -> Iterator[JudgedPassage]:
        rng = Random(f"repeated {seed}")
        while True:
            yield from rng.sample(passages, len(passages))

    return stream


def replayed(stream: Stream, times: int, pool: int = 8) -> Stream:
    """Each passage so many times, among `pool` others: where making one takes longer than learning from it."""

    def again(seed: int) -> Iterator[JudgedPassage]:
        rng, waiting = Random(f"replayed {seed}"), list[JudgedPassage]()
        for passage in stream(seed):
            waiting += [passage] * times
            while len(waiting) > pool:
                place = rng.randrange(len(waiting))
                waiting[place], waiting[-1] = waiting[-1], waiting[place]
                yield waiting.pop()
        yield from waiting

    return stream if times == 1 else again


def read_released(path: Path, split: Split, seed: int | None = None) -> list[JudgedPassage]:
    """The rows of a released `helpfulness` file that are of the split, by passage where a seed is given.

    Raises RecordError, and OneSplitOnly where there are none.
    """
    records = of_split(
        list(read(HELPFULNESS, path)),
        split,
        own=lambda record: record["split"],
        text=lambda record: record["data"]["passage"]["text"],
        seed=seed,
    )
    rows = map(from_helpfulness, records)
    return [row for row in rows if any(answer.critiques for answer in row.answers)]


class _Drawn(IterableDataset[JudgedPassage]):
    def __init__(self, stream: Stream, seed: int) -> None:
        self._stream, self._seed = stream, seed

    def __iter__(self) -> Iterator[JudgedPassage]:
        return self._stream(worker_seed(self._seed))


def worker_seed(seed: int) -> int:
    """A seed of each background process's own."""
    worker = get_worker_info()
    return seed * 1009 + (worker.id if worker else 0)


def drawn(stream: Stream, seed: int, workers: int) -> Iterator[JudgedPassage]:
    """The stream, drawn ahead by background processes."""
    return iter(DataLoader(_Drawn(stream, seed), batch_size=None, **worker_options(workers)))


def worker_options(workers: int) -> dict[str, Any]:
    """Options of a data loader; with no workers its work is done where it is asked for."""
    return {"num_workers": workers, "multiprocessing_context": "fork", "prefetch_factor": 2} if workers else {}


# ---- files of our own


def write_judged(path: Path, passages: Sequence[JudgedPassage]) -> None:
    """One passage a line."""
    path.write_text("".join(json.dumps(asdict(one)) + "\n" for one in passages), encoding="utf-8")


def read_judged(path: Path) -> list[JudgedPassage]:
    """What `write_judged` wrote. Raises JsonlError."""
    return [_passage(row) for _, row in jsonl.read(path)]


def _passage(row: dict[str, Any]) -> JudgedPassage:
    answers = (_answer(one) for one in row["answers"])
    return JudgedPassage(row["passage"], tuple(answers), row["title"])


def _answer(row: dict[str, Any]) -> JudgedAnswer:
    critiques = tuple(JudgedCritique(**one) for one in row["critiques"])
    return JudgedAnswer(row["question"], row["answer"], row["critiqueable"], critiques)
