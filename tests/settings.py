"""The site's settings for tests: nothing of the checkout's own var/ is read or written.

A database named by DATABASE_URL is used as the site would (its test database, that is). A process that a test
starts inherits the folder, or is given one of its own in VAR_DIR.
"""

import atexit
import os
import shutil
import tempfile

if "SECOND_READER_TESTS" not in os.environ:
    os.environ["SECOND_READER_TESTS"] = os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="second-reader-tests-")
    atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)

from config.settings import *  # noqa: F403 - all of them
from config.settings import DATABASES, STATIC_ROOT, VAR_DIR

# Making a password hash slow is Argon2's merit; here it would be most of the run.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# A file, not memory: in memory all threads of a live server would share one connection, which no site does.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
