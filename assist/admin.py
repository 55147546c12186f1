"""Look things up: the runs, read-only."""

from assist.models import Run
from labeling.admin import register_all

register_all([Run])
