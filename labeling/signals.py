"""What labeling asks of whoever listens. It knows nobody who does."""

from django.dispatch import Signal

#: Sent after commit, with `study_id`: some questions of an open study lack suggestions.
suggestions_wanted = Signal()

#: Sent with `critic` and `answers`, a query: which of these its critic cannot read. Receivers return a sentence each.
readability_asked = Signal()

#: Sent after commit, with `study_id`: a study was closed, and what it still waits for is wanted no more.
suggestions_unwanted = Signal()
