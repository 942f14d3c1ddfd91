"""Rehearse: run migrations on a copy of real volume, under load, and see who waits for whom.

How it works. Of each migration three runs are made on the copy: up under load and down under load, while a sampler
looks a hundred times a second at who waits for a lock and because of whom; then up again in quiet, where what it writes
(rows, WAL, disk) is its own. The copy then stands where the next migration begins.
"""

from understudy.migrate.rehearse.load import Load
from understudy.migrate.rehearse.model import Rehearsal, Rehearsed
from understudy.migrate.rehearse.report import write_report
from understudy.migrate.rehearse.run import rehearse
from understudy.migrate.rehearse.settings import Budget, budget
from understudy.migrate.rehearse.tool import rehearse_tool

__all__ = ["Budget", "Load", "Rehearsal", "Rehearsed", "budget", "rehearse", "rehearse_tool", "write_report"]
