"""End a run at every moment that matters, and run it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from understudy.migrate.options import Moment, Options
from understudy.migrate.script import Script
from understudy.migrate.verify.bench import Bench, Step


class Crash(BaseException):
    """the run was ended on purpose"""


def crash_points(script: Script) -> Iterator[tuple[Moment, int]]:
    """Every moment at which a run of this file can be ended: around each statement, and before its entry."""
    last = len(script.statements) - 1
    for place in range(last + 1):
        yield "statement", place
        if not script.transactional:
            yield "unjournaled", place
            yield "journaled", place
    if script.transactional:
        yield "unjournaled", max(last, 0)


def ending_at(options: Options, point: tuple[Moment, int]) -> Options:
    """Options with which a run ends there."""

    def trace(moment: Moment, _label: str, place: int) -> None:
        if (moment, place) == point:
            raise Crash

    return replace(options, trace=trace)


def check(bench: Bench, step: Step) -> list[str]:
    """End the migration and its rollback at every moment; what is run again must come out the same."""
    version, down = step.migration.version, step.migration.down
    problems = _check(bench, step, step.migration.up, lambda dsn, o: bench.up(dsn, version, o), forward=True)
    if down is not None and not problems:
        problems = _check(bench, step, down, lambda dsn, o: bench.down(dsn, step.below, o), forward=False)
    return problems


def _check(bench: Bench, step: Step, script: Script, run: Callable[[str, Options], int], *, forward: bool) -> list[str]:
    begin, end = (step.before, step.after) if forward else (step.after, step.before)
    points = list(crash_points(script))
    # rolled back as a whole, a transactional file leaves the database as it was: one copy serves every moment
    groups = [points] if script.transactional else [[point] for point in points]
    for group in groups:
        with bench.scratch(step.template) as dsn:
            if not forward:
                bench.up(dsn, step.migration.version)
            for point in group:
                _ended(run, dsn, ending_at(bench.options, point))
            where = f"{script.path.name} ended {_named(group[-1])}"
            if script.transactional and (found := bench.differences(begin, dsn, f"{where}, something remains")):
                return found
            run(dsn, bench.options)
            if found := bench.differences(end, dsn, f"{where} and run again"):
                return found
    return []


def _ended(run: Callable[[str, Options], int], dsn: str, options: Options) -> None:
    try:
        run(dsn, options)
    except Crash:
        return


def _named(point: tuple[Moment, int]) -> str:
    what = {"statement": "before", "unjournaled": "between the journal's entry and", "journaled": "after"}
    return f"{what.get(point[0], 'after')} statement {point[1] + 1}"
