"""The timeline of a run as an SVG: the load's pulse and who waited, and below it, magnified, what the migration did."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from understudy.migrate.rehearse.model import Act, Pulse, Run

WIDTH, LEFT, RIGHT = 1080, 250, 24
_PULSE, _WAITING, _LANE, _GAP, _TOP, _AXIS = 84, 52, 20, 26, 10, 22
_PER_BUCKET, _BUCKETS = 8, (30, 150)
_LANES_AT_MOST = 24
_STEPS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_STEPS_S = (1, 2, 5, 10, 20, 60, 120, 300, 600, 1800)

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
_STOPPING = ("AccessExclusiveLock", "ExclusiveLock", "ShareRowExclusiveLock", "ShareLock")


class _Frame:
    """From seconds to pixels."""

    def __init__(self, begin: float, end: float) -> None:
        self.begin, self.end = begin, max(end, begin + 1e-6)

    def x(self, at: float) -> float:
        share = (min(max(at, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


def timeline(run: Run, pulses: Sequence[Pulse]) -> str:
    """The picture. Its words are escaped; it needs nothing from outside."""
    pad = min(2.0, max(0.9, run.seconds * 0.25))
    around = _Frame(run.begin - pad, run.end + pad)
    within = _Frame(run.begin - run.seconds * 0.01, run.end + run.seconds * 0.09)
    shown, brief = lanes(run)
    bottom = _TOP + _PULSE + _GAP + _WAITING
    lanes_top = bottom + _AXIS + 30
    lanes_bottom = lanes_top + (len(shown) + bool(brief)) * _LANE + 4
    height = lanes_bottom + _AXIS + 4
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="timeline of {escape(run.label)}"'
        ' xmlns="http://www.w3.org/2000/svg">',
        '<defs><pattern id="wait" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="3" height="6" fill="#fff" fill-opacity=".75"/></pattern></defs>',
        _lens(around, within, run, bottom, lanes_top, lanes_bottom),
        _axis(around, run.begin, _TOP, bottom),
        _pulse(around, pulses),
        _waiting(around, run),
        _axis(within, run.begin, lanes_top, lanes_bottom),
    ]
    parts += [_lane(within, run, act, lanes_top + n * _LANE) for n, act in enumerate(shown)]
    if brief:
        parts.append(_brief(within, brief, lanes_top + len(shown) * _LANE))
    return "".join([*parts, "</svg>"])


def notable(run: Run, act: Act) -> bool:
    """Whether a statement deserves a line of its own: for its time, its lock, its waits, or those it made wait."""
    stopping = any(act.locks.get(table) in _STOPPING for table in act.taken)
    long = act.end - act.begin >= max(0.005, run.seconds * 0.03)
    return bool(long or stopping or act.retries or run.waited_ms(act) or run.blocked_ms(act))


def lanes(run: Run) -> tuple[list[Act], list[Act]]:
    """The statements that are drawn each on its own lane, and the others. A few are always drawn."""
    if len(run.acts) <= 6:
        return list(run.acts), []
    ranked = sorted(run.acts, key=lambda act: (not notable(run, act), act.begin - act.end))
    count = min(max(sum(notable(run, act) for act in run.acts), 3), _LANES_AT_MOST)
    shown = sorted(ranked[:count], key=lambda act: act.begin)
    return shown, sorted(ranked[count:], key=lambda act: act.begin)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def _rect(left: float, right: float, y: float, height: float, more: str, least: float = 2.0) -> str:
    return f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(right - left, least):.1f}" height="{height:.1f}" {more}/>'


def _lens(around: _Frame, within: _Frame, run: Run, bottom: float, lanes_top: float, lanes_bottom: float) -> str:
    """The time in which the migration ran: narrow among the load, then as wide as the picture."""
    left, right = around.x(run.begin), max(around.x(run.end), around.x(run.begin) + 2)
    wide = within.x(run.begin), within.x(run.end)
    corners = f"{left:.1f},{bottom} {right:.1f},{bottom} {wide[1]:.1f},{lanes_top} {wide[0]:.1f},{lanes_top}"
    return (
        _rect(left, right, _TOP, bottom - _TOP, 'class="run"')
        + f'<polygon points="{corners}" class="lens"/>'
        + _rect(wide[0], wide[1], lanes_top, lanes_bottom - lanes_top, 'class="run"')
    )


def _pulse(frame: _Frame, pulses: Sequence[Pulse]) -> str:
    """Transactions that ended in each stretch of time, and the slowest of them."""
    seen = [pulse for pulse in pulses if frame.begin <= pulse.at < frame.end]
    number = min(max(len(seen) // _PER_BUCKET, _BUCKETS[0]), _BUCKETS[1])
    step = (frame.end - frame.begin) / number
    counts, slowest = [0] * number, [0.0] * number
    for pulse in seen:
        place = min(int((pulse.at - frame.begin) / step), number - 1)
        counts[place] += 1
        slowest[place] = max(slowest[place], pulse.latency * 1000)
    most, worst = max([*counts, 1]), max([*slowest, 1.0])
    bottom, wide = _TOP + _PULSE, (WIDTH - LEFT - RIGHT) / number
    bars, lines = "", list[list[str]]([[]])
    for place, (count, slow) in enumerate(zip(counts, slowest, strict=True)):
        left = LEFT + place * wide
        if count:
            tall = count / most * _PULSE
            bars += _rect(left, left + wide * 0.84, bottom - tall, tall, 'class="tx"')
            lines[-1].append(f"{left + wide * 0.42:.1f},{bottom - slow / worst * _PULSE:.1f}")
        else:
            lines.append([])  # no transaction ended here: nothing is known of their latency
    slow_line = "".join(f'<polyline points="{" ".join(points)}" class="slow"/>' for points in lines if points)
    words = _text(0, _TOP + 14, "load")
    words += _text(0, _TOP + 31, f"▇ transactions, at most {most / step:,.0f}/s", "tx-word")
    words += _text(0, _TOP + 47, f"― slowest, at most {_ms(worst)}", "slow-word")
    return bars + slow_line + words + _base(bottom)


def _base(y: float) -> str:
    return f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" class="base"/>'


def _waiting(frame: _Frame, run: Run) -> str:
    """How many sessions waited because of the migration, at each moment."""
    top = _TOP + _PULSE + _GAP
    bottom = top + _WAITING
    others = [wait for wait in run.waits if not wait.own]
    changes = sorted([(wait.begin, 1) for wait in others] + [(wait.end, -1) for wait in others])
    level, most = 0, 1
    levels: list[tuple[float, int]] = []
    for at, change in changes:
        level += change
        most = max(most, level)
        levels.append((at, level))
    path, now = [f"M{LEFT},{bottom}"], 0
    for at, after in levels:
        path.append(f"L{frame.x(at):.1f},{bottom - now / most * _WAITING:.1f}")
        path.append(f"L{frame.x(at):.1f},{bottom - after / most * _WAITING:.1f}")
        now = after
    path.append(f"L{WIDTH - RIGHT},{bottom}Z")
    said = f"at most {most} at once, the longest {_ms(run.longest_block_ms)}" if others else "nobody waited"
    return (
        f'<path d="{"".join(path)}" class="blocked"/>'
        + _text(0, top + 14, "sessions made to wait")
        + _text(0, top + 31, said, "blocked-word" if others else "soft-word")
        + _base(bottom)
    )


def _lane(frame: _Frame, run: Run, act: Act, y: float) -> str:
    """A statement, then paler for as long as the lock that it took is held: until the migration's end."""
    strongest = next((mode for mode in COLOURS if mode in act.locks.values()), None)
    colour = COLOURS.get(strongest or "", NO_LOCK)
    left, right = frame.x(act.begin), frame.x(max(act.end, act.begin))
    words = " ".join(act.text.split())
    shown = f"{act.place + 1}  {words[:32]}{'…' if len(words) > 32 else ''}"
    bar = (
        f'<rect x="{left:.1f}" y="{y + 3}" width="{max(right - left, 2):.1f}" height="{_LANE - 7}" rx="2"'
        f' fill="{colour}"><title>{escape(words[:300])} — {_ms((act.end - act.begin) * 1000)}</title></rect>'
    )
    later = [other for other in run.acts if other.begin >= act.end and act.taken & (other.locks.keys() - other.taken)]
    held = ""
    if later:
        held = _rect(right, frame.x(run.end), y + 6, _LANE - 13, f'fill="{colour}" fill-opacity=".32"')
    waits = "".join(
        _rect(
            frame.x(max(wait.begin, act.begin)), frame.x(min(wait.end, act.end)), y + 3, _LANE - 7, 'fill="url(#wait)"'
        )
        for wait in run.waits
        if wait.own and wait.overlap_ms(act.begin, act.end) > 0
    )
    took = _ms((act.end - act.begin) * 1000)
    inside = right - left > 60
    label = _text(left + 5, y + 14, took, "inside") if inside else _text(right + 5, y + 14, took, "took")
    return _text(0, y + 14, shown, "sql") + held + bar + waits + label


def _brief(frame: _Frame, acts: Sequence[Act], y: float) -> str:
    """The statements that need no lane of their own, as ticks on one."""
    longest = max((act.end - act.begin) * 1000 for act in acts)
    ticks = "".join(
        _rect(frame.x(act.begin), frame.x(max(act.end, act.begin)), y + 6, _LANE - 13, f'fill="{NO_LOCK}"', 1.0)
        for act in acts
    )
    return _text(0, y + 14, f"{len(acts)} more, each at most {_ms(longest)}", "soft-word") + ticks


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 9.5 or value == 0 else f"{value:.1f} ms"


def _axis(frame: _Frame, zero: float, top: float, bottom: float) -> str:
    """Ticks in time since the migration began: in ms, or in seconds where it is long."""
    span = (frame.end - frame.begin) * 1000
    steps = [*_STEPS_MS, *(step * 1000 for step in _STEPS_S)]
    step = next((step for step in steps if span / step <= 11), 3_600_000)
    first, last = int((frame.begin - zero) * 1000 / step), int((frame.end - zero) * 1000 / step)
    parts = []
    for number in range(first, last + 1):
        x, at = frame.x(zero + number * step / 1000), number * step
        said = "0" if at == 0 else f"{at / 1000:g} s" if step >= 100 else f"{at} ms"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom + 4}" class="tick"/>')
        parts.append(_text(x, bottom + 16, said, "axis", "middle"))
    return "".join(parts)
