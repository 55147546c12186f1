"""How numbers and their intervals are written; a dash where there is none."""

from __future__ import annotations

from findings.statistics.estimates import Interval


def plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def signed(value: float | None) -> str:
    """A difference, with its sign."""
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")


def between(low: str, high: str) -> str:
    """Two written bounds as one interval."""
    return "–" if low == "–" else f"{low} to {high}"


def signed_interval95(bounds: Interval) -> str:
    return between(signed(bounds.low95), signed(bounds.high95))


def number(bounds: Interval | None) -> str:
    """A number with its z = 1 interval."""
    if bounds is None:
        return "–"
    if bounds.low is None or bounds.high is None:
        return f"{bounds.value:.2f}"
    return f"{bounds.value:.2f} ({bounds.low:.2f} to {bounds.high:.2f})".replace("-", "−")


def share(bounds: Interval | None) -> str:
    """A share with its z = 1 interval, in per cent."""
    if bounds is None:
        return "–"
    if bounds.low is None or bounds.high is None:
        return f"{100 * bounds.value:.1f} %"
    return f"{100 * bounds.value:.1f} % ({100 * bounds.low:.1f} to {100 * bounds.high:.1f})".replace("-", "−")
