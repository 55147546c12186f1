"""Texts are told apart by their words: line ends, white space, what is invisible and the normal form no longer count."""

import hashlib
import re
import unicodedata

from django.db import migrations

INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
ONE_TEST_IN = 10
ROWS_AT_A_TIME = 500


def words_digest(text):
    words = " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", text)).split())
    return hashlib.sha256(words.encode()).hexdigest()


def side(digest):
    return "test" if int(digest[:8], 16) % ONE_TEST_IN == 0 else "train"


def tell_passages_by_their_words(apps, schema_editor):
    """A passage that no file put on a side of the split stays on the side where exports had it."""
    passages = apps.get_model("labeling", "Passage").objects
    changed = []
    for passage in passages.only("text", "text_digest", "split").order_by("pk").iterator(chunk_size=ROWS_AT_A_TIME):
        digest = words_digest(passage.text)
        if digest == passage.text_digest:
            continue
        if passage.split is None and side(digest) != side(passage.text_digest):
            passage.split = side(passage.text_digest)
        passage.text_digest = digest
        changed.append(passage)
        if len(changed) == ROWS_AT_A_TIME:
            passages.bulk_update(changed, ["text_digest", "split"])
            changed = []
    passages.bulk_update(changed, ["text_digest", "split"])


def tell_meetings_by_their_words(apps, schema_editor):
    """Of several meetings with the same words the first is the meeting."""
    exposures = apps.get_model("labeling", "Exposure").objects
    met, repeated, changed = set(), [], []
    for exposure in exposures.select_related("passage").defer("passage__text").order_by("pk").iterator():
        meeting = (exposure.labeler_id, exposure.passage.text_digest)
        if meeting in met:
            repeated.append(exposure.pk)
        elif exposure.text_digest != exposure.passage.text_digest:
            exposure.text_digest = exposure.passage.text_digest
            changed.append(exposure)
        met.add(meeting)
    for start in range(0, len(repeated), ROWS_AT_A_TIME):
        exposures.filter(pk__in=repeated[start : start + ROWS_AT_A_TIME]).delete()
    exposures.bulk_update(changed, ["text_digest"], batch_size=ROWS_AT_A_TIME)


def forwards(apps, schema_editor):
    tell_passages_by_their_words(apps, schema_editor)
    tell_meetings_by_their_words(apps, schema_editor)


class Migration(migrations.Migration):

    dependencies = [("labeling", "0016_people_leave_and_work_returns")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
