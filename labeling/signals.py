"""What labeling asks of whoever listens. It knows nobody who does."""

from django.dispatch import Signal

#: Sent after commit, with `study_id`: some questions of an open study lack suggestions.
suggestions_wanted = Signal()
