"""A verdict for machines and for pages: JSON, JUnit, SARIF, HTML and GitHub's annotations."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from understudy import __version__
from understudy.catalog import Impact
from understudy.parity.verdict import Difference, Verdict

Labels = tuple[str, str]

_LEVELS = {
    Impact.BREAKS: "error",
    Impact.BEHAVIOUR: "error",
    Impact.PERFORMANCE: "warning",
    Impact.COSMETIC: "note",
}


def as_data(verdict: Verdict, labels: Labels) -> dict[str, Any]:
    """The verdict as docs/json.md describes it."""
    return {
        "verdict": verdict.answer.value,
        "left": {"name": labels[0], "version": verdict.versions[0], "objects": verdict.objects[0]},
        "right": {"name": labels[1], "version": verdict.versions[1], "objects": verdict.objects[1]},
        "differences": [_difference(d) for d in verdict.differences],
        "waived": [_difference(d) for d in verdict.waived],
        "reasons": list(verdict.reasons),
        "notes": list(verdict.notes),
        "waivers": list(verdict.waivers),
        "defects": list(verdict.defects),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "path": difference.path,
        "attribute": difference.attribute,
        "left": difference.left,
        "right": difference.right,
        "class": difference.impact.value,
        "mend": difference.mend,
    }


def as_text(value: Any) -> str:
    """A value on one line."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "(none)"
    return " ".join(str(value).split()) if str(value) else "(empty)"


def _sentence(difference: Difference) -> str:
    sides = f"LEFT {as_text(difference.left)}; RIGHT {as_text(difference.right)}"
    return f"{difference.key}: {difference.attribute}: {sides} ({difference.impact.value})"


def _problems(verdict: Verdict) -> list[tuple[str, str]]:
    """What besides differences keeps a verdict from "same": a word for it and the sentence."""
    return [("cannot tell", s) for s in verdict.reasons] + [("defect", s) for s in verdict.defects]


def json_text(verdict: Verdict, labels: Labels) -> str:
    """One JSON document."""
    return json.dumps(as_data(verdict, labels), indent=2, ensure_ascii=False, default=str)


def junit(verdict: Verdict, labels: Labels) -> str:
    """A JUnit suite: a failure for each difference, an error for each thing that cannot be told, or one passed test."""
    suite = ET.Element("testsuite", name=f"parity of {labels[0]} and {labels[1]}")
    for difference in verdict.differences:
        case = ET.SubElement(
            suite, "testcase", classname=difference.kind, name=f"{difference.path}: {difference.attribute}"
        )
        failure = ET.SubElement(case, "failure", type=difference.impact.value, message=_sentence(difference))
        failure.text = difference.mend
    for word, sentence in _problems(verdict):
        case = ET.SubElement(suite, "testcase", classname="parity", name=word)
        ET.SubElement(case, "error", type=word, message=sentence)
    for difference in verdict.waived:
        case = ET.SubElement(
            suite, "testcase", classname=difference.kind, name=f"{difference.path}: {difference.attribute}"
        )
        ET.SubElement(case, "skipped", message="waived")
    if not len(suite):
        ET.SubElement(suite, "testcase", classname="parity", name="same")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(verdict.differences)))
    suite.set("errors", str(len(_problems(verdict))))
    suite.set("skipped", str(len(verdict.waived)))
    if said := [*verdict.waivers, *verdict.notes]:
        ET.SubElement(suite, "system-out").text = "\n".join(said)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def sarif(verdict: Verdict, labels: Labels) -> str:
    """A SARIF 2.1.0 log; a rule for each kind and attribute that differs."""
    results: list[dict[str, Any]] = [
        {
            "ruleId": f"{d.kind}/{d.attribute}".replace(" ", "-"),
            "level": _LEVELS[d.impact],
            "message": {"text": _sentence(d)},
            "locations": [{"logicalLocations": [{"fullyQualifiedName": d.path, "kind": d.kind}]}],
        }
        for d in verdict.differences
    ]
    results += [
        {"ruleId": word.replace(" ", "-"), "level": "error", "message": {"text": sentence}}
        for word, sentence in _problems(verdict)
    ]
    results += [{"ruleId": "waiver", "level": "warning", "message": {"text": sentence}} for sentence in verdict.waivers]
    rules = [{"id": rule} for rule in sorted({result["ruleId"] for result in results})]
    driver = {"name": "understudy parity", "version": __version__, "rules": rules}
    properties = {"verdict": verdict.answer.value, "left": labels[0], "right": labels[1]}
    run = {"tool": {"driver": driver}, "results": results, "properties": properties}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def github(verdict: Verdict, labels: Labels) -> str:
    """Workflow commands that GitHub shows as annotations, and the answer."""
    words = {"error": "error", "warning": "warning", "note": "notice"}
    lines = [
        f"::{words[_LEVELS[d.impact]]} title={_property('schema parity: ' + d.key)}::{_data(_sentence(d))}"
        for d in verdict.differences
    ]
    lines += [f"::error title={_property('schema parity: ' + w)}::{_data(s)}" for w, s in _problems(verdict)]
    lines += [f"::notice title=schema parity::{_data(s)}" for s in (*verdict.waivers, *verdict.notes)]
    lines.append(f"{labels[0]} and {labels[1]}: {verdict.answer.value}")
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;"
    "vertical-align:top}code,pre{white-space:pre-wrap;overflow-wrap:anywhere}"
)


def page(verdict: Verdict, labels: Labels) -> str:
    """One self-contained HTML page."""

    def cell(text: Any) -> str:
        return f"<td><code>{html.escape(as_text(text))}</code></td>"

    rows = "".join(
        f"<tr><td>{html.escape(d.kind)}</td>{cell(d.path)}<td>{html.escape(d.attribute)}</td>{cell(d.left)}{cell(d.right)}"
        f"<td>{d.impact.value}</td>{cell(d.mend or '')}</tr>"
        for d in verdict.differences
    )
    head = "".join(f"<th>{w}</th>" for w in ("kind", "object", "attribute", "LEFT", "RIGHT", "class", "mend"))
    table = f"<table><tr>{head}</tr>{rows}</table>" if rows else ""
    said = [*_problems(verdict), *(("waiver", s) for s in verdict.waivers), *(("note", s) for s in verdict.notes)]
    items = "".join(f"<li><b>{word}</b>: {html.escape(sentence)}</li>" for word, sentence in said)
    left, right = (html.escape(label) for label in labels)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Schema parity: {verdict.answer.value}</title>'
        f"<style>{_STYLE}</style><h1>{verdict.answer.value}</h1><p>LEFT {left} (PostgreSQL {verdict.versions[0]}, "
        f"{verdict.objects[0]} objects), RIGHT {right} (PostgreSQL {verdict.versions[1]}, {verdict.objects[1]} objects)"
        f"</p>{table}<ul>{items}</ul></html>\n"
    )


FORMATS: dict[str, Callable[[Verdict, Labels], str]] = {
    "json": json_text,
    "junit": junit,
    "sarif": sarif,
    "html": page,
    "github": github,
}
"""The formats by the names that `--format` takes; text, for a person, is the command line's own."""
