"""The demo's accounts: made once, with passwords that are made up here and kept in a file only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.db import transaction

from labeling.actions.people import create_account
from labeling.enums import Role
from labeling.models import User

#: Six labelers: one for each condition of a question.
DEMO_ACCOUNTS = {f"labeler{number}": Role.LABELER for number in range(1, 7)} | {
    "researcher": Role.RESEARCHER,
    "admin": Role.ADMIN,
}
#: No letters or digits that are easily taken for one another.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
PASSWORD_LENGTH = 12


def ensure_accounts(path: Path) -> dict[str, str]:
    """Create the accounts that are missing; return the passwords that `path` knows, by user name.

    A password in the file is used again where its account is missing (another database, say), so that the
    file stays true for every database of this checkout.
    """
    known = read_accounts(path)
    present = set(User.objects.filter(username__in=DEMO_ACCOUNTS).values_list("username", flat=True))
    with transaction.atomic():
        for username, role in DEMO_ACCOUNTS.items():
            if username not in present:
                known.setdefault(username, "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH)))
                create_account(username=username, password=known[username], role=role)
        write_accounts(path, known)
    return known


def read_accounts(path: Path) -> dict[str, str]:
    """User name and password of each line."""
    if not path.exists():
        return {}
    return dict(line.split() for line in path.read_text().splitlines() if line.strip())


def write_accounts(path: Path, accounts: dict[str, str]) -> None:
    """Replace the file as a whole. Nobody but its owner may read it, from its first moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.writelines(f"{username} {password}\n" for username, password in accounts.items())
    draft.replace(path)
