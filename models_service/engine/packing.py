"""Prompts as a prefix tree, packed into one sequence.

Prompts that begin alike share nodes. Nodes stand in depth-first order, so a node's whole subtree follows directly
behind it. Pure arithmetic on token ids: no model, no torch.

    passage ──┬── question, answer 1 ──┬── critique header
              │                        └── critiqueability
              └── question, answer 2 ── …
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from models_service.engine.backend import TokenIds


@dataclass(slots=True)
class PrefixNode:
    """Consecutive tokens that the same prompts share."""

    tokens: TokenIds
    start: int
    """Index of its first token in the packed sequence."""
    position: int
    """Position id of its first token: how many tokens stand before it in its prompts."""
    parent: int | None
    subtree_end: int = 0
    """Where its subtree ends in the packed sequence."""

    @property
    def stop(self) -> int:
        return self.start + len(self.tokens)


@dataclass(slots=True)
class PackedTree:
    """The nodes in depth-first order, and where each prompt ends."""

    nodes: list[PrefixNode] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """For each prompt, the index of the node at whose last token it ends."""

    @property
    def tokens(self) -> list[int]:
        return [token for node in self.nodes for token in node.tokens]

    @property
    def positions(self) -> list[int]:
        return [node.position + i for node in self.nodes for i in range(len(node.tokens))]

    def path(self, index: int) -> list[int]:
        """The nodes from the root to this one."""
        parent = self.nodes[index].parent
        return [*(self.path(parent) if parent is not None else []), index]


def pack_prompts(prompts: Sequence[TokenIds], max_node_tokens: int = 4096) -> PackedTree:
    """Pack the prompts. Among siblings the earlier prompt comes first. Prompts must not be empty.

    No node crosses a multiple of `max_node_tokens`, so that prefill can run in chunks of that length.
    """
    if not all(prompts):
        raise ValueError("a prompt must have at least one token")
    tree = PackedTree(ends=[-1] * len(prompts))
    _Packer(tree, prompts, max_node_tokens).add(list(range(len(prompts))), 0, None)
    return tree


@dataclass(frozen=True, slots=True)
class _Packer:
    tree: PackedTree
    prompts: Sequence[TokenIds]
    max_node_tokens: int

    def add(self, members: list[int], position: int, parent: int | None) -> None:
        """Add the subtrees of prompts that agree up to `position` and continue from there."""
        branches: dict[int, list[int]] = {}
        for member in members:
            branches.setdefault(self.prompts[member][position], []).append(member)
        for branch in branches.values():
            self._add_branch(branch, position, parent)

    def _add_branch(self, branch: list[int], position: int, parent: int | None) -> None:
        nodes, prompts = self.tree.nodes, self.prompts
        shared = position + _common_prefix_length([prompts[member][position:] for member in branch])
        first = len(nodes)
        while position < shared:
            start = nodes[-1].stop if nodes else 0
            until = min(shared, position + self.max_node_tokens - start % self.max_node_tokens)
            nodes.append(PrefixNode(prompts[branch[0]][position:until], start, position, parent))
            parent, position = len(nodes) - 1, until
        last = len(nodes) - 1
        for member in branch:
            if len(prompts[member]) == shared:
                self.tree.ends[member] = last
        self.add([member for member in branch if len(prompts[member]) > shared], shared, last)
        for node in nodes[first : last + 1]:
            node.subtree_end = nodes[-1].stop


def _common_prefix_length(sequences: Sequence[TokenIds]) -> int:
    """The length of the common prefix of all sequences: that of the least and the greatest of them."""
    least, greatest = min(sequences), max(sequences)
    pairs = zip(least, greatest, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(least), len(greatest)))
