"""Skinny products take their own path; one row and many rows take torch's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from models_service.engine import skinny_matmul
from models_service.engine.attention import ACTIVE_PLAN, AttentionPlan


class _NoPlan(AttentionPlan):
    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        raise AssertionError("nothing attends here")


@pytest.fixture(autouse=True)
def while_a_plan_runs() -> Iterator[None]:
    running = ACTIVE_PLAN.set(_NoPlan())
    yield
    ACTIVE_PLAN.reset(running)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("is_output", [True, False])
@pytest.mark.parametrize("rows", [2, 8, 24, skinny_matmul.MAX_INPUT_ROWS])
def test_gives_the_product_of_the_whole_matrix(
    monkeypatch: pytest.MonkeyPatch, rows: int, is_output: bool, bias: bool
) -> None:
    monkeypatch.setattr(skinny_matmul, "MIN_BYTES", 1)
    linear = nn.Linear(96, 2**14 if is_output else 1200, bias=bias)
    matmul = skinny_matmul._matmul(linear.weight.detach(), is_output)
    assert matmul is not None
    x = torch.randn(1, rows, 96)
    torch.testing.assert_close(skinny_matmul._forward(linear, matmul, x), linear(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows", [1, skinny_matmul.MAX_INPUT_ROWS + 1])
def test_one_row_and_many_go_by_torch(rows: int) -> None:
    linear = nn.Linear(8, 30)

    def never(x: Tensor) -> Tensor:
        raise AssertionError("not for these rows")

    x = torch.randn(1, rows, 8)
    assert torch.equal(skinny_matmul._forward(linear, never, x), linear(x))


def test_without_a_plan_the_model_is_as_it_was() -> None:
    linear = nn.Linear(8, 30)
    x = torch.randn(1, 8, 8)
    running = ACTIVE_PLAN.set(None)
    assert torch.equal(skinny_matmul._forward(linear, torch.zeros_like, x), linear(x))
    ACTIVE_PLAN.reset(running)


@pytest.mark.parametrize(
    ("weight", "is_output"),
    [(torch.zeros(64, 64), True), (torch.zeros(2**11, 2**11), False), (torch.zeros(2**11, 2**11).bfloat16(), True)],
    ids=["a small output matrix", "a middling inner one", "half precision"],
)
def test_leaves_alone_what_gains_nothing(weight: Tensor, is_output: bool) -> None:
    assert skinny_matmul._matmul(weight, is_output) is None
