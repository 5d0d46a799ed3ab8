"""Renderings of an investigation and of the graph: text, Markdown, one self-contained HTML page, Mermaid, SVG."""
