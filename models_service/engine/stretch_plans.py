"""Reading and writing over a prefix tree by stretches: few launches a layer, at fixed addresses, for a GPU.

It does what `plans` does, to the same results. There every shared node is a call of its own, which suits a CPU;
here a level of the tree is one call, and writing is one call in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from models_service.engine.attention import Part, attend, merge
from models_service.engine.packing import Node, Packing
from models_service.engine.stretches import Stretch, Stretches, attend_stretches, known

#: Keys that one piece of a prompt holds, at most. Pieces are read side by side: eight heads alone leave most of a
#: GPU idle.
PIECE = 256


class Store:
    """Keys and values of every layer at fixed addresses, [slots, Hk, D]: the prompts' first, then the rows' own.

    It grows when more slots are wanted than it has; `version` then tells that addresses have changed.
    """

    def __init__(self) -> None:
        self.version = 0
        self._slots = 0
        self._kept: dict[int, tuple[Tensor, Tensor]] = {}

    def reserve(self, slots: int) -> None:
        """Make room for so many tokens; what was kept is lost where the store must grow."""
        if slots > self._slots:
            # A quarter more than asked for: the next passage is seldom the same length.
            self._slots = slots + slots // 4
            self._kept.clear()
            self.version += 1

    def put(self, layer: int, slots: slice | Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write k, v [1, Hk, T, D] of a layer's new tokens to their slots; all keys and values of the layer."""
        if layer not in self._kept:
            self._kept[layer] = tuple(x.new_zeros(self._slots, x.shape[1], x.shape[-1]) for x in (k, v))  # type: ignore[assignment]
        for kept, new in zip(self._kept[layer], (k, v), strict=True):
            if isinstance(slots, slice):
                kept[slots] = new[0].transpose(0, 1)
            else:
                kept.index_copy_(0, slots, new[0].transpose(0, 1))
        return self._kept[layer]

    @property
    def layers(self) -> list[int]:
        return sorted(self._kept)


class StretchReading:
    """Reads a packing, chunk by chunk, into the store's first slots."""

    def __init__(self, packing: Packing, store: Store, device: torch.device) -> None:
        self._nodes = packing.nodes
        self._levels = _levels(packing)
        self._store, self._device = store, device
        self._start, self._stop = 0, 0

    @property
    def layers(self) -> list[int]:
        return self._store.layers

    def next_chunk(self, stop: int, wanted: Sequence[int]) -> None:
        """The next forward pass brings the tokens up to `stop`."""
        self._start, self._stop = self._stop, stop
        within = [node for node in self._nodes if self._start <= node.start < stop]
        own = [Stretch(node.start, node.stop, node.start, len(node.tokens)) for node in within]
        self._own = Stretches.of(own, self._device, causal=True)
        self._above = [
            (slice(found[0].first - self._start, found[-1].last - self._start), Stretches.of(found, self._device))
            for level in self._levels
            if (found := _below(level, self._start, stop))
        ]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        keys, values = self._store.put(layer, slice(self._start, self._stop), k, v)
        queries = q[0].transpose(0, 1)
        out, log_sum = attend_stretches(queries, keys, values, self._own, scale)
        for here, stretches in self._above:
            part = attend_stretches(queries[here], keys, values, stretches, scale)
            out[here], log_sum[:, here] = _merged((out[here], log_sum[:, here]), part)
        return out[None]


def _merged(one: Part, other: Part) -> Part:
    """Outputs [Q, H, D] and log-sum-exps [H, Q] over the keys of both; the first has some for every query."""
    out, log_sum = merge((one[0].transpose(0, 1), one[1]), (other[0].transpose(0, 1), known(other[1])))
    return out.transpose(0, 1), log_sum


def _levels(packing: Packing) -> list[list[Node]]:
    """The nodes that have others below them, by how many are above them; a level's nodes share no token."""
    levels: list[list[Node]] = []
    for index, node in enumerate(packing.nodes):
        depth = len(packing.path(index)) - 1
        levels += [[] for _ in range(depth + 1 - len(levels))]
        if node.below > node.stop:
            levels[depth].append(node)
    return levels


def _below(level: Sequence[Node], start: int, stop: int) -> list[Stretch]:
    """The new tokens from `start` up to `stop` that are below each node, with what lies between them."""
    found: list[Stretch] = []
    for node in level:
        first, last = max(node.stop, start), min(node.below, stop)
        if first >= last:
            continue
        if found and found[-1].last < first:
            found.append(Stretch(found[-1].last, first))
        found.append(Stretch(first, last, node.start, len(node.tokens)))
    return found


class StretchWriting:
    """Rows that continue prompts of a packing, `per_prompt` for each. All that a step reads is at fixed addresses.

    The queries of a step are laid out [part, row, query head of a key head's group]: part 0 attends to the row's
    own keys, the others to a piece of its prompt each. `begin` fills in which, so that a step recorded once serves
    every passage of like shape.
    """

    def __init__(self, store: Store, rows: int, parts: int, stretches: int, capacity: int, device: torch.device):
        self.rows, self.filled = rows, 0
        self.mask: Tensor | None = None
        """Added to the scores of each row's new tokens with its own keys, [rows, 1, new, keys]."""
        self._store, self._parts, self._capacity = store, parts, capacity
        self._ends, self._starts, self._counts = (
            torch.zeros(stretches + more, dtype=torch.int32, device=device) for more in (1, 1, 0)
        )
        self.written = torch.zeros(1, dtype=torch.long, device=device)
        """How many tokens each row has, where the device can read it; `filled` is the host's count."""
        self._own = torch.zeros(rows, dtype=torch.long, device=device)
        self._first_own = 0

    def begin(self, parts: Sequence[Sequence[Stretch]], first_own: int) -> None:
        """Point the parts at the pieces of the prompts; the rows' own keys begin at the slot `first_own`."""
        rows, device = self.rows, self._own.device
        own = [Stretch(row, row + 1, first_own + row * self._capacity, 1) for row in range(rows)]
        laid_out = [
            Stretch(number * rows + one.first, number * rows + one.last, one.start, one.count)
            for number, part in enumerate([own, *parts])
            for one in part
        ]
        last = laid_out[-1].last
        laid_out += [Stretch(last, last)] * (len(self._counts) - len(laid_out))
        wanted = Stretches.of(laid_out, device)
        self._ends.copy_(wanted.query_ends)
        self._starts.copy_(wanted.key_starts)
        self._counts.copy_(wanted.key_counts)
        self._own.copy_(torch.arange(rows, device=device) * self._capacity + first_own)
        self._first_own = first_own
        self.written.zero_()
        self.filled, self.mask = 0, None

    def advance(self) -> None:
        """A token of every row has been read."""
        self.written += 1
        self._counts[: self.rows] += 1

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        rows, (_, heads, tokens, width) = self.rows, q.shape
        new, kv_heads = tokens // rows, k.shape[1]
        keys, values = self._store.put(layer, self._slots(new), k, v)
        queries = q[0].view(kv_heads, heads // kv_heads, rows, new, width).permute(2, 1, 3, 0, 4)
        queries = queries.reshape(-1, kv_heads, width)
        if layer == 0:
            self._now = self._stretches(len(queries) // rows, own=new == 1)
        out, log_sum = attend_stretches(queries.repeat(self._parts, 1, 1), keys, values, self._now, scale)
        out = out.view(self._parts, -1, kv_heads, out.shape[-1])
        log_sum = log_sum.view(kv_heads, self._parts, -1)
        if new == 1:
            found = combine(out, log_sum)
        else:
            own = self._attend_own(queries, keys, values, scale, new)
            found = combine(torch.cat([own[0], out[1:]]), torch.cat([own[1], log_sum[:, 1:]], 1))
        found = found.view(rows, heads // kv_heads, new, kv_heads, -1).permute(0, 2, 3, 1, 4)
        return found.reshape(1, tokens, heads, -1)

    def _slots(self, new: int) -> Tensor:
        """Where the rows' new keys go, row by row."""
        place = self._own + self.written
        return place if new == 1 else (place[:, None] + torch.arange(new, device=place.device)).reshape(-1)

    def _stretches(self, per_row: int, *, own: bool) -> Stretches:
        """The stretches for `per_row` queries a row; without `own` part 0 attends to nothing."""
        counts = self._counts
        if not own:
            counts = counts.clone()
            counts[: self.rows] = 0
        return Stretches(self._ends * per_row, self._starts, counts, self.rows * per_row, max(PIECE, self._capacity))

    def _attend_own(self, queries: Tensor, keys: Tensor, values: Tensor, scale: float, new: int) -> Part:
        """Several new tokens a row to the row's own keys, by the mask: as part 0, [1, Q, Hk, D] and [Hk, 1, Q]."""
        rows, seen = self.rows, self.filled + new
        own = slice(self._first_own, self._first_own + rows * self._capacity)
        by_row = (x[own].view(rows, self._capacity, *x.shape[1:]) for x in (keys, values))
        own_keys, own_values = (x[:, :seen].transpose(1, 2) for x in by_row)
        q = queries.view(rows, -1, *queries.shape[1:]).transpose(1, 2)
        mask = None if self.mask is None else self.mask.repeat(1, 1, q.shape[2] // new, 1)
        out, log_sum = attend(q, own_keys, own_values, scale, mask)
        return out.transpose(1, 2).flatten(0, 1)[None], log_sum.transpose(0, 1).flatten(1)[:, None]


def combine(out: Tensor, log_sum: Tensor) -> Tensor:
    """The attention over the keys of all parts: outputs [P, Q, H, D] and log-sum-exps [H, P, Q] to [Q, H, D]."""
    weights = known(log_sum).softmax(1).permute(1, 2, 0)
    return (out * weights[..., None]).sum(0).to(out.dtype)


def pieces(packing: Packing, ends: Sequence[int], per_prompt: int, longest: int = PIECE) -> list[list[Stretch]]:
    """Which rows attend to which tokens of the packing, as parts that each cover all rows once.

    A prompt's path is cut into pieces of at most `longest` tokens; the n-th pieces of all prompts are part n. Rows
    of prompts that share a piece share its stretch; a row without an n-th piece attends to nothing there.
    """
    paths = [_cut(run, longest) for run in _runs(packing, ends)]
    parts = []
    for number in range(max(map(len, paths))):
        part: list[Stretch] = []
        for place, path in enumerate(paths):
            start, stop = path[number] if number < len(path) else (0, 0)
            first, last = place * per_prompt, (place + 1) * per_prompt
            if part and (part[-1].start, part[-1].count) == (start, stop - start):
                first = part.pop().first
            part.append(Stretch(first, last, start, stop - start))
        parts.append(part)
    return parts


def _runs(packing: Packing, ends: Sequence[int]) -> list[list[tuple[int, int]]]:
    """Each prompt as runs of the packing (start, stop), broken where the rows that share it change."""
    paths = [packing.path(end) for end in ends]
    readers = Counter(index for path in paths for index in path)
    found = []
    for path in paths:
        runs: list[tuple[int, int]] = []
        before = 0
        for index in path:
            node = packing.nodes[index]
            if runs and runs[-1][1] == node.start and before == readers[index]:
                runs[-1] = runs[-1][0], node.stop
            else:
                runs.append((node.start, node.stop))
            before = readers[index]
        found.append(runs)
    return found


def _cut(runs: Sequence[tuple[int, int]], longest: int) -> list[tuple[int, int]]:
    """The runs in pieces of at most `longest` tokens, those of a run as long as each other."""
    found = []
    for start, stop in runs:
        number = -(-(stop - start) // longest)
        found += list(pairwise(start + (stop - start) * n // number for n in range(number + 1)))
    return found
