"""Look things up: the runs and trials, read-only."""

from assist.models import Run, Trial
from labeling.admin import register_all

register_all([Run, Trial])
