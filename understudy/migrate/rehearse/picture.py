"""The timeline of a run as an SVG: the load's pulse, who waited, and what the migration did, one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from understudy.migrate.rehearse.model import Act, Pulse, Run

WIDTH, LEFT, RIGHT = 1080, 250, 16
_PULSE, _WAITING, _LANE, _GAP, _TOP = 90, 60, 20, 34, 26
_BUCKETS = 160
_LANES_AT_MOST = 40

COLOURS = {
    "AccessExclusiveLock": "#c8402f",
    "ExclusiveLock": "#d9822b",
    "ShareRowExclusiveLock": "#d9822b",
    "ShareLock": "#d7b02a",
    "ShareUpdateExclusiveLock": "#3f7fbf",
    "RowExclusiveLock": "#4c9a62",
}
"""By the strongest lock that was held while a statement ran, on a table that others use."""
NO_LOCK = "#9aa5b1"


class _Frame:
    """From seconds to pixels."""

    def __init__(self, run: Run) -> None:
        pad = min(2.0, max(0.3, run.seconds * 0.3))
        self.begin, self.end = run.begin - pad, run.end + pad
        self.step = (self.end - self.begin) / _BUCKETS
        self.zero = run.begin

    def x(self, at: float) -> float:
        share = (min(max(at, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def buckets(self) -> list[tuple[float, float]]:
        return [(self.begin + n * self.step, self.begin + (n + 1) * self.step) for n in range(_BUCKETS)]


def timeline(run: Run, pulses: Sequence[Pulse]) -> str:
    """The picture. Its words are escaped; it needs nothing from outside."""
    frame = _Frame(run)
    acts = sorted(sorted(run.acts, key=lambda act: act.begin - act.end)[:_LANES_AT_MOST], key=lambda act: act.begin)
    lanes_top = _TOP + _PULSE + _GAP + _WAITING + _GAP
    height = lanes_top + len(acts) * _LANE + 30
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="timeline of {escape(run.label)}"'
        ' xmlns="http://www.w3.org/2000/svg">',
        '<defs><pattern id="wait" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="3" height="6" fill="#fff" fill-opacity=".75"/></pattern></defs>',
        _window(frame, run, lanes_top + len(acts) * _LANE),
        _pulse(frame, pulses),
        _waiting(frame, run),
    ]
    parts += [_lane(frame, run, act, lanes_top + n * _LANE) for n, act in enumerate(acts)]
    parts += [_axis(frame, lanes_top + len(acts) * _LANE + 4), "</svg>"]
    return "".join(parts)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def _window(frame: _Frame, run: Run, bottom: float) -> str:
    """The time in which the migration ran, behind everything."""
    left, right = frame.x(run.begin), frame.x(run.end)
    return (
        f'<rect x="{left:.1f}" y="{_TOP}" width="{max(right - left, 1):.1f}" height="{bottom - _TOP:.1f}" class="run"/>'
    )


def _pulse(frame: _Frame, pulses: Sequence[Pulse]) -> str:
    """Transactions that ended in each stretch of time, and the slowest of them."""
    counts, slowest = [0] * _BUCKETS, [0.0] * _BUCKETS
    for pulse in pulses:
        place = int((pulse.at - frame.begin) / frame.step)
        if 0 <= place < _BUCKETS:
            counts[place] += 1
            slowest[place] = max(slowest[place], pulse.latency * 1000)
    most, worst = max([*counts, 1]), max([*slowest, 1.0])
    bottom, wide = _TOP + _PULSE, frame.x(frame.begin + frame.step) - frame.x(frame.begin)
    bars = "".join(
        f'<rect x="{frame.x(begin):.1f}" y="{bottom - count / most * _PULSE:.1f}" width="{wide * 0.8:.1f}"'
        f' height="{count / most * _PULSE:.1f}" class="tx"/>'
        for (begin, _), count in zip(frame.buckets(), counts, strict=True)
        if count
    )
    lines: list[list[str]] = [[]]
    for (begin, _), slow, count in zip(frame.buckets(), slowest, counts, strict=True):
        if count:
            lines[-1].append(f"{frame.x(begin) + wide / 2:.1f},{bottom - slow / worst * _PULSE:.1f}")
        elif lines[-1]:
            lines.append([])  # no transaction ended here: nothing is known of their latency
    slow_line = "".join(f'<polyline points="{" ".join(points)}" class="slow"/>' for points in lines if points)
    per_second = most / frame.step
    return (
        bars
        + slow_line
        + _text(0, _TOP + 14, "load")
        + _text(0, _TOP + 31, f"▇ transactions, at most {per_second:.0f}/s", "tx-word")
        + _text(0, _TOP + 47, f"― slowest, at most {worst:,.0f} ms", "slow-word")
        + f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" class="base"/>'
    )


def _waiting(frame: _Frame, run: Run) -> str:
    """How many sessions waited because of the migration, at each moment."""
    top = _TOP + _PULSE + _GAP
    bottom = top + _WAITING
    others = [wait for wait in run.waits if not wait.own]
    changes = sorted([(wait.begin, 1) for wait in others] + [(wait.end, -1) for wait in others])
    level, most, path = 0, 1, [f"M{LEFT},{bottom}"]
    levels: list[tuple[float, int]] = []
    for at, change in changes:
        level += change
        most = max(most, level)
        levels.append((at, level))
    now = 0
    for at, after in levels:
        path.append(f"L{frame.x(at):.1f},{bottom - now / most * _WAITING:.1f}")
        path.append(f"L{frame.x(at):.1f},{bottom - after / most * _WAITING:.1f}")
        now = after
    path.append(f"L{WIDTH - RIGHT},{bottom}Z")
    longest = f"the longest {run.longest_block_ms:,.0f} ms" if others else "nobody waited"
    return (
        f'<path d="{"".join(path)}" class="blocked"/>'
        + _text(0, top + 14, "sessions made to wait")
        + _text(0, top + 31, f"at most {most if others else 0} at once", "blocked-word")
        + _text(0, top + 47, longest, "blocked-word")
        + f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" class="base"/>'
    )


def _lane(frame: _Frame, run: Run, act: Act, y: float) -> str:
    strongest = next((mode for mode in COLOURS if mode in act.locks.values()), None)
    left, right = frame.x(act.begin), frame.x(max(act.end, act.begin))
    words = " ".join(act.text.split())
    shown = f"{act.place + 1}  {words[:34]}{'…' if len(words) > 34 else ''}"
    took = f"{(act.end - act.begin) * 1000:,.0f} ms"
    side = "end" if right > WIDTH - 90 else "start"
    bar = (
        f'<rect x="{left:.1f}" y="{y + 3}" width="{max(right - left, 2):.1f}" height="{_LANE - 7}" rx="2"'
        f' fill="{COLOURS.get(strongest or "", NO_LOCK)}"><title>{escape(words[:300])} — {took}</title></rect>'
    )
    waits = "".join(
        f'<rect x="{frame.x(max(wait.begin, act.begin)):.1f}" y="{y + 3}" height="{_LANE - 7}" fill="url(#wait)"'
        f' width="{max(frame.x(min(wait.end, act.end)) - frame.x(max(wait.begin, act.begin)), 1):.1f}"/>'
        for wait in run.waits
        if wait.own and wait.overlap_ms(act.begin, act.end) > 0
    )
    where = (left - 5, "end") if side == "end" else (right + 5, "start")
    return _text(0, y + 14, shown, "sql") + bar + waits + _text(where[0], y + 14, took, "took", where[1])


def _axis(frame: _Frame, y: float) -> str:
    """Seconds since the migration began."""
    span = frame.end - frame.begin
    step = next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600) if span / s <= 10), 1800)
    first = int((frame.begin - frame.zero) / step)
    ticks = [frame.zero + n * step for n in range(first, first + 24)]
    return "".join(
        f'<line x1="{frame.x(at):.1f}" x2="{frame.x(at):.1f}" y1="{_TOP}" y2="{y + 4}" class="tick"/>'
        + _text(frame.x(at), y + 18, f"{at - frame.zero:g} s".replace("-0 s", "0 s"), "axis", "middle")
        for at in ticks
        if frame.begin <= at <= frame.end
    )
