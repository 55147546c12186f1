"""The people and passages that given files speak of."""

from __future__ import annotations

from collections.abc import Iterable

from labeling.enums import Activity
from labeling.models import Exposure, ImportBatch, Labeler, Passage, Question
from labeling.models.fields import text_digest


class ImportedEntities:
    """Finds or makes labelers, passages and questions of one import.

    Passages and questions belong to their import, so that nobody sees them before it is finished; that two
    imports hold the same text is known by its digest.
    """

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        self._labelers: dict[str, Labeler] = {}

    def labeler(self, imported_id: str) -> Labeler:
        """The labeler whom files know by this id. There are few of them, so they are remembered."""
        if imported_id not in self._labelers:
            self._labelers[imported_id], _ = Labeler.objects.get_or_create(imported_id=imported_id)
        return self._labelers[imported_id]

    def passage(
        self, *, source_id: str, text: str, title: str | None, author: Labeler | None = None, split: str | None = None
    ) -> Passage:
        """The passage as this file gives it: other white space, another title or author makes another record."""
        known = Passage.objects.filter(
            import_batch=self.batch, public_id=source_id, text_digest=text_digest(text), author=author, split=split
        ).filter(text=text)
        found = known.filter(title=title) if title is not None else known.filter(title__isnull=True)
        return found.first() or Passage.objects.create(
            import_batch=self.batch, public_id=source_id, text=text, title=title, author=author, split=split
        )

    def question(self, passage: Passage, text: str, index: int | None = None) -> Question:
        """The question with this text (and place, where the file tells it), or a new one after the others."""
        questions = list(passage.questions.all())
        for question in questions:
            if question.text == text and index in {None, question.index}:
                return question
        return Question.objects.create(passage=passage, text=text, index=len(questions) if index is None else index)

    def expose(self, labelers: Iterable[Labeler], passage: Passage, activity: Activity) -> None:
        """Enter meetings in the ledger. Given rows are history: a second meeting is no error."""
        Exposure.objects.bulk_create(
            [
                Exposure(labeler=labeler, passage=passage, text_digest=passage.text_digest, activity=activity)
                for labeler in labelers
            ],
            ignore_conflicts=True,
        )
