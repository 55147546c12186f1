"""English: flaws made by rule in answers about real passages, and the oracle that judges critiques of them.

Passage: … In 1931, the UK transferred the islands to Australia, which accepted them in 1934. …
Question: What does the passage say about the islands?
Answer: In 1931, Indonesia transferred the islands to Australia, which accepted them in 1934.
Critique: The answer says Indonesia, but the passage says the UK.
"""

from __future__ import annotations

from models_service.synthetic.english.oracle import Verdict, judge
from models_service.synthetic.english.passages import Passage, passages_of, read_passages, split_of
from models_service.synthetic.english.stream import Made, judged_passages, problems
from models_service.synthetic.english.task import English

__all__ = [
    "English",
    "Made",
    "Passage",
    "Verdict",
    "judge",
    "judged_passages",
    "passages_of",
    "problems",
    "read_passages",
    "split_of",
]
