"""Masking: no planted secret gets through, few innocent strings are masked, masking again changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudwright.core.errors import Refused
from cloudwright.core.masking import PLACEHOLDER, SessionRedactor
from cloudwright.core.redaction import Origin

CORPORA = Path(__file__).parents[1] / "corpora"


def entries(name: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in (CORPORA / name).read_text().splitlines())
    return [line for line in lines if "id" in line]


SECRETS = entries("secrets.jsonl")
INNOCENT = entries("innocent.jsonl")


def planted(entry: dict[str, Any]) -> tuple[Any, str]:
    """The value in which a corpus entry plants its secret, and the secret."""
    secret = "".join(entry["parts"])
    return placed(entry["where"], entry["name"], entry["text"].replace("{S}", secret)), secret


def placed(where: str, name: str, text: str) -> Any:
    """A text where the corpus says it stands."""
    metadata = {"name": "x", "namespace": "n", "uid": "u"}
    match where:
        case "env":
            return {"name": name, "value": text}
        case "secret_data":
            return {"kind": "Secret", "apiVersion": "v1", "metadata": metadata, "data": {name or "k": text}}
        case "configmap":
            return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": {name or "k": text}}
        case "annotation" | "last_applied":
            return {"kind": "Deployment", "metadata": {**metadata, "annotations": {name or "k": text}}}
        case _:
            return text


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("entry", SECRETS, ids=lambda entry: entry["id"])
def test_no_planted_secret_gets_through(entry: dict[str, Any]) -> None:
    value, secret = planted(entry)
    masked = SessionRedactor(b"key").value(value)
    assert secret not in json.dumps(masked, ensure_ascii=False)
    assert not any(secret in text for text in texts(masked))


def test_few_innocent_strings_are_masked() -> None:
    masked = [entry["id"] for entry in INNOCENT if PLACEHOLDER.search(json.dumps(_masked(entry)))]
    assert len(INNOCENT) >= 500
    assert len(masked) / len(INNOCENT) <= 0.02, masked


def _masked(entry: dict[str, Any]) -> Any:
    return SessionRedactor(b"key").value(placed(entry.get("where", "log"), entry.get("name", ""), entry["text"]))


def test_the_same_secret_has_the_same_placeholder_within_a_session_only() -> None:
    one, other = SessionRedactor(b"one"), SessionRedactor(b"two")
    assert one.text("password=abc-123-x") == one.text("x password=abc-123-x").removeprefix("x ")
    assert one.text("password=abc-123-x") != other.text("password=abc-123-x")


def test_a_secret_seen_once_is_masked_wherever_it_shows_up_again() -> None:
    redactor = SessionRedactor(b"key")
    redactor.value({"kind": "Secret", "metadata": {"name": "s"}, "data": {"p": "dmVyeS1zZWNyZXQtdGhpbmc="}})
    for text in ("very-secret-thing", "x=dmVyeS1zZWNyZXQtdGhpbmc=", "very%2Dsecret%2Dthing"):
        assert PLACEHOLDER.search(redactor.text(text)), text


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from([json.dumps(planted(entry)[0]) for entry in SECRETS]) | st.text(max_size=30), max_size=3)
)
def test_masking_is_idempotent(parts: list[str]) -> None:
    redactor = SessionRedactor(b"key")
    once = redactor.text(" ".join(parts))
    assert redactor.text(once) == once


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abcdefghij _-./:=\"'{}[],0123456789", max_size=60))
def test_what_stays_is_what_was_there(text: str) -> None:
    masked = SessionRedactor(b"key").text(text)
    position = 0
    for part in PLACEHOLDER.split(masked):
        found = text.find(part, position)
        assert found >= 0
        position = found + len(part)


def secret_object(value: str) -> dict[str, Any]:
    return {
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {"name": "s", "namespace": "n", "uid": "u"},
        "data": {"p": value},
    }


def test_a_placeholder_is_restored_from_its_origin() -> None:
    first, second = SessionRedactor(b"key"), SessionRedactor(b"key")
    masked: Any = first.value(secret_object("c2VjcmV0LTE="))
    mark = masked["data"]["p"]
    origins = first.origins({"copy": mark})

    def read(origin: Origin) -> str | None:
        assert (origin.ref.uid, origin.path) == ("u", ("data", "p"))
        return "c2VjcmV0LTE="

    assert second.restore({"copy": mark}, origins, read) == {"copy": "c2VjcmV0LTE="}


@pytest.mark.parametrize("present", [None, "something else"])
def test_restoring_fails_closed_when_the_original_changed(present: str | None) -> None:
    redactor = SessionRedactor(b"key")
    masked: Any = redactor.value(secret_object("c2VjcmV0LTE="))
    mark = masked["data"]["p"]
    with pytest.raises(Refused):
        redactor.restore(mark, redactor.origins(mark), lambda _origin: present)


def test_another_session_cannot_restore() -> None:
    first, second = SessionRedactor(b"one"), SessionRedactor(b"two")
    masked: Any = first.value(secret_object("c2VjcmV0LTE="))
    mark = masked["data"]["p"]
    with pytest.raises(Refused):
        second.restore(mark, first.origins(mark), lambda _origin: "c2VjcmV0LTE=")


def test_references_to_secrets_are_no_secrets() -> None:
    value = {
        "env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db-credentials", "key": "password"}}}],
        "imagePullSecrets": [{"name": "registry"}],
        "volumes": [{"secret": {"secretName": "tls-cert"}}],
        "serviceAccountToken": {"expirationSeconds": 3600, "path": "token"},
        "automountServiceAccountToken": True,
    }
    assert SessionRedactor(b"key").value(value) == value


@pytest.mark.parametrize(
    "text", ["--requirepass $(REDIS_PASSWORD)", "password=${REDIS_PASSWORD}", "['--requirepass', '$(REDIS_PASSWORD)']"]
)
def test_variables_in_place_of_secrets_are_shown(text: str) -> None:
    assert SessionRedactor(b"key").value(text) == text
