"""The catalogue, the table of checks and the page about them agree."""

import re
from pathlib import Path

from cloudwright.diagnosis.catalog import CATALOG
from cloudwright.diagnosis.causes import ABSORBS, LOCAL
from cloudwright.diagnosis.checks.table import CHECKS
from cloudwright.evals.benchmarks.cob_mapping import ROOT_CAUSES, TARGETS
from scripts.generate_checks import PATH, render
from scripts.parity import ANALYZERS, FAULTS

ROOT = Path(__file__).resolve().parents[2] / "cloudwright" / "diagnosis"


def test_the_page_is_generated_from_the_code() -> None:
    assert PATH.read_text(encoding="utf-8") == render(), "run scripts/generate_checks.py"


def test_what_others_find_is_found_by_kinds_that_exist() -> None:
    named = {kind for *_, kinds in (*ANALYZERS, *FAULTS) for kind in kinds.split()}
    assert sorted(named - set(CATALOG)) == []


def test_names_in_rules_are_kinds() -> None:
    assert set(ABSORBS) <= set(CATALOG)
    assert {name for names in ABSORBS.values() for name in names} <= set(CATALOG)
    assert set(CATALOG) >= LOCAL
    assert set(ROOT_CAUSES) <= set(CATALOG)
    assert set(ROOT_CAUSES.values()) <= set(TARGETS)


def test_every_check_is_listed_once_and_documented() -> None:
    names = [f"{check.__module__}.{check.__name__}" for check in CHECKS]
    assert len(names) == len(set(names))
    assert all(check.__doc__ for check in CHECKS)


def test_kinds_are_used() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "checks").glob("*.py"))
    built = re.compile(r"(liveness|readiness|startup)-probe-|node-\w+-pressure|quota-exceeded-")
    unused = [name for name in CATALOG if f'"{name}"' not in source and not built.match(name)]
    assert unused == []


def test_no_rule_knows_a_benchmark() -> None:
    """Names of benchmark applications may not occur in the diagnosis."""
    source = "".join(path.read_text(encoding="utf-8").lower() for path in ROOT.rglob("*.py"))
    for word in (
        "boutique",
        "train-ticket",
        "trainticket",
        "hipster",
        "checkoutservice",
        "redis-cart",
        "tsdb",
        "chaosblade",
        "sregym",
        "aiopslab",
    ):
        assert word not in source, word
