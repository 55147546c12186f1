"""Prompts as a prefix tree in one packed sequence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_service.engine.packing import pack_prompts

prompts = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12).map(tuple), min_size=1, max_size=8)


def test_lays_a_passage_out_once():
    passage, one, other = (1, 2, 3), (4, 5), (6,)
    tree = pack_prompts([(*passage, *one), (*passage, *other), passage])
    assert tree.tokens == [1, 2, 3, 4, 5, 6]
    assert tree.positions == [0, 1, 2, 3, 4, 3]
    assert [node.tokens for node in tree.nodes] == [passage, one, other]
    assert tree.ends == [1, 2, 0]


@settings(deadline=None)
@given(prompts=prompts, longest=st.integers(1, 5))
def test_every_prompt_is_the_path_to_its_end(prompts, longest):
    tree = pack_prompts(prompts, longest)
    for prompt, end in zip(prompts, tree.ends, strict=True):
        path = [tree.nodes[i] for i in tree.path(end)]
        assert tuple(t for node in path for t in node.tokens) == prompt
        assert [node.position for node in path] == [sum(len(n.tokens) for n in path[:i]) for i in range(len(path))]


@settings(deadline=None)
@given(prompts=prompts, longest=st.integers(1, 5))
def test_a_subtree_follows_directly_behind_its_node(prompts, longest):
    tree = pack_prompts(prompts, longest)
    nodes, paths = tree.nodes, [tree.path(i) for i in range(len(tree.nodes))]
    for index, node in enumerate(nodes):
        below = [n for n, path in zip(nodes, paths, strict=True) if index in path[:-1]]
        assert sum(len(n.tokens) for n in below) == node.subtree_end - node.stop
        assert all(node.stop <= n.start < n.stop <= node.subtree_end for n in below)
        assert node.start // longest == (node.stop - 1) // longest, "no node crosses a chunk"


@settings(deadline=None)
@given(prompts=prompts)
def test_no_prefix_is_laid_out_twice(prompts):
    different = {prompt[:n] for prompt in prompts for n in range(1, len(prompt) + 1)}
    assert len(pack_prompts(prompts).tokens) == len(different)


def test_refuses_an_empty_prompt():
    with pytest.raises(ValueError, match="at least one token"):
        pack_prompts([(1, 2), ()])
