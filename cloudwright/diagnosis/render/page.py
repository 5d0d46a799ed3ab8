"""One HTML page that needs nothing else: causes, graph, timeline plot, evidence. All text is escaped."""

import json
from collections.abc import Iterator, Sequence
from html import escape

from cloudwright.diagnosis.graph.graph import graph_of, key_of
from cloudwright.diagnosis.model import Cause, Investigation, TimelineEntry
from cloudwright.diagnosis.render import drawing
from cloudwright.diagnosis.view import ClusterView

_STYLE = """body{font:14px/1.45 sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.4em}h2{font-size:1.15em;margin-top:1.6em}.cause{border:1px solid #ddd;border-left:5px solid #c44;border-radius:5px;padding:.6em 1em;margin:1em 0}
.warning{border-left-color:#e80}.mild{color:#666}code,pre{background:#f5f5f5;border-radius:3px;padding:1px 4px}pre{padding:.6em;overflow:auto}
.graph{overflow:auto;border:1px solid #ddd;border-radius:5px}td,th{padding:2px 10px 2px 0;text-align:left;vertical-align:top}
@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}code,pre{background:#2a2a2a}.graph{background:#fff}}"""
_COLOURS = {"change": "#1a73e8", "scale": "#188038", "node": "#b06000", "event": "#c5221f"}


def page(view: ClusterView, result: Investigation) -> str:
    """The whole page."""
    body = "".join(
        [
            f"<h1>{escape(result.summary)}</h1>",
            f'<p class="mild">{result.stats.objects} objects, {result.stats.checks} checks, snapshot {escape(result.stats.snapshot)} of {result.stats.collected_at:%Y-%m-%d %H:%M:%S %Z}</p>',
            *(_cause(number, cause) for number, cause in enumerate(result.causes, 1)),
            _graph(view, result),
            "<h2>Timeline</h2>",
            plot(result.timeline),
            _list("Ruled out", [f"{item.claim}: {item.reason}" for item in result.ruled_out]),
            _list("Notes", [item.claim for item in result.notes]),
            _list("Not seen", list(result.gaps)),
        ]
    )
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(result.summary[:80])}</title><style>{_STYLE}</style></head><body>{body}</body></html>'


def _cause(number: int, cause: Cause) -> str:
    mark = "warning" if cause.severity.rank < 2 else ""
    rows = "".join(
        f"<tr><td><code>{escape(item.path)}</code></td><td>{escape(item.quote)}</td></tr>" for item in cause.evidence
    )
    chain = (
        "".join(f"<li>{escape(str(link.object))}: {escape(link.text)}</li>" for link in cause.chain)
        if len(cause.chain) > 1
        else ""
    )
    return "".join(
        [
            f'<div class="cause {mark}"><h2>{number}. {escape(cause.title)}: {escape(str(cause.object))}</h2><p>{escape(cause.claim)}</p>',
            f'<p class="mild">{cause.severity}, confidence {cause.confidence:.0%}'
            + (f", field <code>{escape(cause.field)}</code>" if cause.field else "")
            + "</p>",
            f"<ol>{chain}</ol>" if chain else "",
            f"<table>{rows}</table>",
            f"<p>Affects: {escape(', '.join(map(str, cause.symptoms[:12])))}</p>" if cause.symptoms else "",
            *(_remedies(cause)),
            "</div>",
        ]
    )


def _remedies(cause: Cause) -> Iterator[str]:
    for remedy in cause.remedies:
        calls = "\n".join(
            f"{call.tool} {json.dumps(dict(call.arguments), ensure_ascii=False)}" for call in remedy.calls
        )
        yield (
            f"<p><b>{remedy.label.capitalize()}:</b> {escape(remedy.title)}"
            + (f' <span class="mild">({escape(remedy.risk)})</span>' if remedy.risk else "")
            + "</p>"
            + (f"<pre>{escape(calls)}</pre>" if calls else "")
        )


def _graph(view: ClusterView, result: Investigation) -> str:
    causes = {key_of(item.object) for item in result.causes}
    if not causes:
        return ""
    graph = graph_of(view)
    hurt = {key_of(ref) for item in result.causes for ref in item.symptoms if ref.kind != "Pod"}
    nodes = drawing.chosen(graph, causes | hurt, hops=1)
    return f'<h2>What depends on what</h2><p class="mild">Red: causes. Orange: what suffers.</p><div class="graph">{drawing.svg(graph, nodes | causes, causes, hurt)}</div>'


def plot(entries: Sequence[TimelineEntry], width: int = 1060) -> str:
    """A timeline as SVG: one dot for each entry, in four lanes by sort."""
    if not entries:
        return "<p>Nothing happened that was recorded.</p>"
    start, end = entries[0].at.timestamp(), entries[-1].at.timestamp()
    span = max(end - start, 1.0)
    lanes = {sort: index for index, sort in enumerate(_COLOURS)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{len(lanes) * 34 + 36}" font-family="sans-serif" font-size="11">'
    ]
    for sort, lane in lanes.items():
        y = lane * 34 + 20
        parts.append(
            f'<text x="0" y="{y + 4}" fill="#666">{sort}</text><line x1="70" y1="{y}" x2="{width - 10}" y2="{y}" stroke="#ddd"/>'
        )
    for entry in entries:
        x = 70 + (entry.at.timestamp() - start) / span * (width - 90)
        label = f"{entry.at:%H:%M:%S} {entry.object}: {entry.what}"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{lanes[entry.sort] * 34 + 20}" r="4" fill="{_COLOURS[entry.sort]}" fill-opacity=".7"><title>{escape(label)}</title></circle>'
        )
    bottom = len(lanes) * 34 + 26
    parts.append(
        f'<text x="70" y="{bottom}">{entries[0].at:%Y-%m-%d %H:%M:%S}</text><text x="{width - 10}" y="{bottom}" text-anchor="end">{entries[-1].at:%Y-%m-%d %H:%M:%S}</text></svg>'
    )
    return "".join(parts)


def _list(title: str, items: Sequence[str]) -> str:
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{escape(item)}</li>' for item in items[:60])}</ul>" if items else ""
