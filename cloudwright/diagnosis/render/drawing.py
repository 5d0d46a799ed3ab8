"""The graph as text, Mermaid and SVG. The layout is in layers by distance from the causes, without any library."""

from collections.abc import Iterable, Mapping
from html import escape

from cloudwright.diagnosis.graph.graph import Edge, Graph, Key, Relation

MAX_NODES = 150
_COLUMN, _ROW, _WIDTH, _HEIGHT = 250, 54, 200, 36


def chosen(graph: Graph, around: Iterable[Key] = (), namespaces: Iterable[str] = (), hops: int = 1) -> set[Key]:
    """Nodes to draw: those near `around`, else all of some namespaces, else all; at most `MAX_NODES`, Pods left out."""
    seeds, spaces = set(around), set(namespaces)
    everything = {edge.source for edge in graph.edges} | {edge.target for edge in graph.edges}
    if seeds:
        found = graph.neighbours(seeds, hops)
    elif spaces:
        found = {node for node in everything if node[1] in spaces}
    else:
        found = everything
    found = {node for node in found if node in seeds or node[0] not in ("Pod", "ReplicaSet")}
    degree = {node: len(graph.out.get(node, ())) + len(graph.into.get(node, ())) for node in found}
    return set(sorted(found, key=lambda node: (node not in seeds, -degree[node], node))[:MAX_NODES])


def _edges(graph: Graph, nodes: set[Key]) -> list[Edge]:
    return sorted(
        (edge for edge in graph.edges if edge.source in nodes and edge.target in nodes),
        key=lambda edge: (edge.source, edge.relation, edge.target),
    )


def label(node: Key) -> str:
    """Kind and name."""
    return f"{node[0]} {node[2]}"


def text(graph: Graph, nodes: set[Key]) -> str:
    """One line for each relation."""
    lines = [
        f"{label(edge.source)} --{edge.relation}--> {label(edge.target)}"
        + (f"  ({edge.detail})" if edge.detail else "")
        for edge in _edges(graph, nodes)
    ]
    return "\n".join(lines) or "No relations."


def mermaid(graph: Graph, nodes: set[Key], marked: Iterable[Key] = ()) -> str:
    """A Mermaid flowchart; `marked` nodes are the causes."""
    names = {node: f"n{index}" for index, node in enumerate(sorted(nodes))}
    lines = ["flowchart LR"]
    lines += [f'  {names[node]}["{_plain(label(node))}"]' for node in sorted(nodes)]
    lines += [f"  {names[edge.source]} -->|{edge.relation}| {names[edge.target]}" for edge in _edges(graph, nodes)]
    lines += [f"  style {names[node]} fill:#fdd,stroke:#c00" for node in sorted(marked) if node in names]
    return "\n".join(lines)


def _plain(value: str) -> str:
    return value.replace('"', "'").replace("\n", " ")


def layers(graph: Graph, nodes: set[Key]) -> Mapping[Key, tuple[int, int]]:
    """Column and row of each node: callers left of what they call, what is used to the right."""
    depth = dict.fromkeys(nodes, 0)
    for _ in range(min(len(nodes), 12)):
        moved = False
        for edge in _edges(graph, nodes):
            if depth[edge.target] < depth[edge.source] + 1 <= 12:
                depth[edge.target] = depth[edge.source] + 1
                moved = True
        if not moved:
            break
    rows: dict[int, int] = {}
    place = {}
    for node in sorted(nodes, key=lambda item: (depth[item], item)):
        place[node] = depth[node], rows.get(depth[node], 0)
        rows[depth[node]] = rows.get(depth[node], 0) + 1
    return place


_COLOURS = {
    "Pod": "#e8f0fe",
    "Service": "#e6f4ea",
    "Node": "#fef7e0",
    "ConfigMap": "#f3e8fd",
    "Secret": "#f3e8fd",
    "Ingress": "#e0f7fa",
}
_DASHED = (Relation.USES, Relation.RUNS_AS, Relation.LIMITS)


def svg(graph: Graph, nodes: set[Key], marked: Iterable[Key] = (), hurt: Iterable[Key] = ()) -> str:
    """A drawing; causes are red, what suffers is orange."""
    place, causes, victims = layers(graph, nodes), set(marked), set(hurt)
    width = (max((column for column, _ in place.values()), default=0) + 1) * _COLUMN + 20
    height = (max((row for _, row in place.values()), default=0) + 1) * _ROW + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        '<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto"><path d="M0,0 L7,3 L0,6 z" fill="#888"/></marker></defs>',
    ]
    parts += [_line(edge, place) for edge in _edges(graph, nodes)]
    for node, (column, row) in place.items():
        stroke = "#c00" if node in causes else "#e80" if node in victims else "#999"
        fill = "#fdd" if node in causes else "#fff3e0" if node in victims else _COLOURS.get(node[0], "#f5f5f5")
        x, y = column * _COLUMN + 10, row * _ROW + 10
        name = node[2] if len(node[2]) <= 30 else node[2][:29] + "…"
        parts.append(
            f'<g><title>{escape(" ".join(node))}</title><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{fill}" stroke="{stroke}"/>'
            f'<text x="{x + 8}" y="{y + 14}" fill="#666">{escape(node[0])}</text><text x="{x + 8}" y="{y + 29}">{escape(name)}</text></g>'
        )
    return "".join([*parts, "</svg>"])


def _line(edge: Edge, place: Mapping[Key, tuple[int, int]]) -> str:
    (c1, r1), (c2, r2) = place[edge.source], place[edge.target]
    x1, y1 = c1 * _COLUMN + 10 + (_WIDTH if c2 >= c1 else 0), r1 * _ROW + 10 + _HEIGHT // 2
    x2, y2 = c2 * _COLUMN + 10 + (0 if c2 > c1 else _WIDTH), r2 * _ROW + 10 + _HEIGHT // 2
    dash = ' stroke-dasharray="4 3"' if edge.relation in _DASHED else ""
    middle = (x1 + x2) // 2
    return f'<path d="M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}" fill="none" stroke="#aaa"{dash} marker-end="url(#a)"><title>{escape(str(edge.relation))} {escape(edge.detail)}</title></path>'
