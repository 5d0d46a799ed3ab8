"""Which form of an object a client wants."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """`kind` is "" for the object itself, "Table", "PartialObjectMetadata" or its list; `include` for table rows."""

    kind: str = ""
    include: str = "Metadata"
    yaml: bool = False


def view_of(accept: str, query: Mapping[str, str]) -> View:
    """The first acceptable form."""
    include = query.get("includeObject", "") or "Metadata"
    for part in accept.split(","):
        media, *parameters = [piece.strip() for piece in part.split(";")]
        if media not in ("application/json", "*/*", "", "application/*", "application/yaml"):
            continue
        given = dict(piece.partition("=")[::2] for piece in parameters)
        wanted = given.get("as", "")
        if wanted and given.get("g") != "meta.k8s.io":
            continue
        if wanted in ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"):
            if given.get("v") == "v1":
                return View(wanted, include)
            continue
        if wanted:
            continue
        return View(yaml=media == "application/yaml")
    return View()
