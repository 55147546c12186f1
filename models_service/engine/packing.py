"""Prompts as a prefix tree, laid out as one packed sequence.

Prompts that begin alike share nodes; nodes lie in depth-first order, so that everything below a node is one
stretch of the sequence right behind it. Pure arithmetic on token ids: no model, no torch.

    passage ──┬── question, answer 1 ──┬── critique header
              │                        └── critiqueability
              └── question, answer 2 ── …
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from models_service.engine.backend import Ids


@dataclass(slots=True)
class Node:
    """A stretch of tokens that the same prompts share."""

    tokens: Ids
    start: int
    """Place of its first token in the packed sequence."""
    depth: int
    """Position of its first token in its prompts."""
    parent: int | None
    below: int = 0
    """Where its subtree ends in the packed sequence."""

    @property
    def stop(self) -> int:
        return self.start + len(self.tokens)


@dataclass(slots=True)
class Packing:
    """The nodes in depth-first order, and where each prompt ends."""

    nodes: list[Node] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """For each prompt the index of the node at whose last token it ends."""

    @property
    def tokens(self) -> list[int]:
        return [token for node in self.nodes for token in node.tokens]

    @property
    def positions(self) -> list[int]:
        return [node.depth + i for node in self.nodes for i in range(len(node.tokens))]

    def path(self, index: int) -> list[int]:
        """The nodes from the root to this one."""
        parent = self.nodes[index].parent
        return [*(self.path(parent) if parent is not None else []), index]


def pack(prompts: Sequence[Ids], longest_node: int = 4096) -> Packing:
    """Lay out the prompts. Among siblings the earlier prompt comes first. Prompts must not be empty.

    No node crosses a multiple of `longest_node`, so that a model may read in chunks of that length.
    """
    if not all(prompts):
        raise ValueError("a prompt must have at least one token")
    packing = Packing(ends=[-1] * len(prompts))
    _Packer(packing, prompts, longest_node).add(list(range(len(prompts))), 0, None)
    return packing


@dataclass(frozen=True, slots=True)
class _Packer:
    packing: Packing
    prompts: Sequence[Ids]
    longest_node: int

    def add(self, members: list[int], depth: int, parent: int | None) -> None:
        """Add the subtrees of prompts that agree up to `depth` and go on from there."""
        branches: dict[int, list[int]] = {}
        for member in members:
            branches.setdefault(self.prompts[member][depth], []).append(member)
        for branch in branches.values():
            self._add_branch(branch, depth, parent)

    def _add_branch(self, branch: list[int], depth: int, parent: int | None) -> None:
        nodes, prompts = self.packing.nodes, self.prompts
        shared = depth + _length_shared([prompts[member][depth:] for member in branch])
        first = len(nodes)
        while depth < shared:
            start = nodes[-1].stop if nodes else 0
            until = min(shared, depth + self.longest_node - start % self.longest_node)
            nodes.append(Node(prompts[branch[0]][depth:until], start, depth, parent))
            parent, depth = len(nodes) - 1, until
        last = len(nodes) - 1
        for member in branch:
            if len(prompts[member]) == shared:
                self.packing.ends[member] = last
        self.add([member for member in branch if len(prompts[member]) > shared], shared, last)
        for node in nodes[first : last + 1]:
            node.below = nodes[-1].stop


def _length_shared(sequences: Sequence[Ids]) -> int:
    """How many tokens all sequences begin with: what the least and the greatest of them share."""
    least, greatest = min(sequences), max(sequences)
    pairs = zip(least, greatest, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(least), len(greatest)))
