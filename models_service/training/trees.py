"""Trees of text: a passage once, its questions and answers as branches, what is said of them as leaves.

Worked example: two examples of one answer, a critique and a verdict on it, share all but their ends::

    Passage: … Question: … Answer: …⏎ Critiqueable: ┬ Yes* ⏎⏎Critique: ─ At work.* ┬ END*
                                                                                   └ ⏎Helpful: ─ Yes*

Each path from the root is one linear prompt, token for token as sampling encodes it. What several examples learn in
one place (*) is learned once. A token attends to its ancestors only and stands at the position that it has in its own
text, so a tree changes nothing but the cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from models_service.formats import Piece, Pieces, Role, encode_piece, first_tokens

#: How much a learned token weighs in the loss, by the role of its piece; other roles weigh 1. A verdict is one token
#: among the many of a critique.
WEIGHTS: Final[Mapping[Role, float]] = {"label": 3.0}


@dataclass(slots=True, eq=False)
class Node:
    """The tokens of one piece, how much each weighs in the loss, and what may follow them."""

    tokens: list[int]
    weight: float = 0.0
    children: dict[tuple[Role, str], Node] = field(default_factory=dict)

    def size(self) -> int:
        return len(self.tokens) + sum(child.size() for child in self.children.values())

    def learns(self) -> bool:
        return self.weight > 0 or any(child.learns() for child in self.children.values())


class Tree:
    """Examples about one passage, merged where their pieces are the same."""

    def __init__(self, tokenizer: Any, weights: Mapping[Role, float] = WEIGHTS) -> None:
        self._tokenizer, self._weights = tokenizer, weights
        self.root = Node(first_tokens(tokenizer))

    def add(self, pieces: Pieces) -> Node:
        """Merge an example into the tree; returns the node in which its text ends."""
        node = self.root
        for piece in pieces:
            node = self._child(node, piece)
        return node

    def new_tokens(self, pieces: Pieces) -> int:
        """How many tokens the example would add."""
        node: Node | None = self.root
        count = 0
        for piece in pieces:
            node = node and node.children.get((piece.role, piece.text))
            count += 0 if node else len(encode_piece(self._tokenizer, piece))
        return count

    def _child(self, node: Node, piece: Piece) -> Node:
        key = (piece.role, piece.text)
        if (child := node.children.get(key)) is None:
            tokens = encode_piece(self._tokenizer, piece)
            if not tokens:
                return node
            child = node.children[key] = Node(tokens)
        if piece.learn:
            child.weight = self._weights.get(piece.role, 1.0)
        return child

    def size(self) -> int:
        """How many tokens the tree has."""
        return self.root.size()


@dataclass(slots=True)
class Row:
    """Trees laid out one after another, each from its root downwards.

    `ends[j]` is where j's subtree ends: i sees j if and only if j <= i < ends[j]. A learned token is predicted by the
    state at its `source`, the token before it in its own text, which may stand elsewhere in the row.
    """

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    last: dict[int, int] = field(default_factory=dict)
    """By the id of a node: where its last token stands."""

    def add(self, node: Node, depth: int = 0, before: int | None = None) -> None:
        """Lay out the node and all below it; `before` is where the token before its first one stands."""
        start = len(self.tokens)
        if node.weight:
            self._learn(node, start, before)
        self.tokens += node.tokens
        self.positions += range(depth, depth + len(node.tokens))
        self.ends += [0] * len(node.tokens)
        depth += len(node.tokens)
        last = len(self.tokens) - 1 if node.tokens else before
        if last is not None:
            self.last[id(node)] = last
        for child in node.children.values():
            self.add(child, depth, last)
        self.ends[start : start + len(node.tokens)] = [len(self.tokens)] * len(node.tokens)

    def _learn(self, node: Node, start: int, before: int | None) -> None:
        """Nothing predicts the first token of a text that begins with it."""
        for source, target in zip((before, *range(start, start + len(node.tokens) - 1)), node.tokens, strict=True):
            if source is not None:
                self.sources.append(source)
                self.targets.append(target)
                self.weights.append(node.weight)


def paths(root: Node) -> Iterator[Node]:
    """The same tree as separate linear texts, for models that cannot read trees.

    Each learned token is learned in one of them only, so that the loss is the tree's; a path that would teach
    nothing new is left out.
    """
    taught: set[int] = set()
    for path in _leaves(root, ()):
        if not any(node.weight and id(node) not in taught for node in path):
            continue
        yield _line([Node(node.tokens, 0.0 if id(node) in taught else node.weight) for node in path])
        taught |= {id(node) for node in path}


def _leaves(node: Node, above: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    path = (*above, node)
    if not node.children:
        yield path
    for child in node.children.values():
        yield from _leaves(child, path)


def _line(nodes: Sequence[Node]) -> Node:
    for place, (above, below) in enumerate(pairwise(nodes)):
        above.children["opening", str(place)] = below
    return nodes[0]


def shorten(root: Node, most: int) -> bool:
    """Drop the last branches until the tree has at most so many tokens; False if nothing learned would be left.

    Branches go one at a time from the end of the deepest last fork, so that what is kept stays whole.
    """
    while root.size() > most:
        if not _drop_last(root):
            return False
    return root.learns()


def _drop_last(node: Node) -> bool:
    fork = None
    while node.children:
        if len(node.children) > 1:
            fork = node
        node = node.children[list(node.children)[-1]]
    if fork is None:
        return False
    fork.children.popitem()
    return True
