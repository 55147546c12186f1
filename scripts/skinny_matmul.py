"""Time skinny matrix products, a few rows times a large matrix: whole, in blocks, packed.

Prints the table of docs/performance.md: milliseconds of one thread, medians of interleaved rounds, with other
memory read in between so that the caches are as cold as in a step of a model.
"""

import sys
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parents[1]))
from models_service.engine.skinny_matmul import blocked, onednn_packed

SIZES, ROWS, ROUNDS = ((8192, 256), (32000, 768), (8960, 1536)), (8, 16, 24, 64), 15


@torch.inference_mode()
def main() -> None:
    torch.set_num_threads(1)
    other = torch.zeros(3_000_000)
    sys.stdout.write("| matrix | rows | whole | in blocks | packed |\n|---|---|---|---|---|\n")
    for size in SIZES:
        weight = torch.randn(size)
        matmuls = (partial(F.linear, weight=weight), blocked(weight), onednn_packed(weight))
        for rows in ROWS:
            x = torch.randn(rows, size[1])
            spent: list[list[float]] = [[] for _ in matmuls]
            for _ in range(ROUNDS):
                for matmul, times in zip(matmuls, spent, strict=True):
                    other.add_(1)
                    started = perf_counter()
                    matmul(x)
                    times.append(1000 * (perf_counter() - started))
            cells = [f"{size[0]:,} x {size[1]:,}", str(rows), *(f"{median(times):.1f}" for times in spent)]
            sys.stdout.write(f"| {' | '.join(cells)} |\n")


main()
