"""Tasks whose truth is computable: the paper's four (Table 3) and generated reports."""

from __future__ import annotations

from models_service.synthetic.addition import Addition
from models_service.synthetic.alphabetize import Alphabetize
from models_service.synthetic.race import Race, StandInRace, read_race
from models_service.synthetic.reports import Reports
from models_service.synthetic.task import Problem, SyntheticTask
from models_service.synthetic.three_sat import ThreeSat

#: By the name used on the command line and in records. RACE itself needs a copy of the data set.
TASKS: dict[str, SyntheticTask] = {
    task.name: task for task in (Reports(), Addition(), ThreeSat(), Alphabetize(), StandInRace())
}

__all__ = ["TASKS", "Problem", "Race", "SyntheticTask", "read_race"]
