"""Numbers among a command's arguments: each says how large it may be."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TypeVar

N = TypeVar("N", int, float)


def number_between(low: N, high: N) -> Callable[[str], N]:
    """The type of an argument that is a number as `low` is, and in this range. NaN is in none."""
    whole = "whole " if isinstance(low, int) else ""

    def read(written: str) -> N:
        try:
            number = type(low)(written)
        except ValueError:
            raise ArgumentTypeError(f"{written!r} is no {whole}number") from None
        if not low <= number <= high:
            raise ArgumentTypeError(f"{written} is not between {low} and {high}")
        return number

    return read
