"""Matching, generalizing and bending patterns."""

import fnmatch
import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.automaton import machine
from cloudwright.policies.iam.classes import overlap, residual, word_classes
from cloudwright.policies.iam.generalize import adapt, common_pattern

GLOBS = st.text(alphabet="ab*?:", max_size=8)
TEXTS = st.text(alphabet="ab:x", max_size=8)


@given(GLOBS, TEXTS)
def test_globs_match_as_fnmatch_says(pattern: str, text: str) -> None:
    assert patterns.glob(pattern).matches(text) == bool(re.fullmatch(fnmatch.translate(pattern), text))


@given(GLOBS, TEXTS)
def test_escaped_text_matches_only_itself(pattern: str, text: str) -> None:
    assert patterns.glob(patterns.escape(pattern)).matches(text) == (pattern == text)
    assert patterns.unescape(patterns.escape(pattern)) == pattern


@given(st.lists(GLOBS, max_size=4), TEXTS)
def test_each_text_has_the_tests_of_some_class(globs: list[str], text: str) -> None:
    compiled = [patterns.glob(item) for item in globs]
    found = word_classes([[machine(item)] for item in compiled], patterns.glob("*"))
    assert sum(1 << i for i, item in enumerate(compiled) if item.matches(text)) in {item.mask for item in found}
    for item in found:
        assert item.mask == sum(1 << i for i, pattern in enumerate(compiled) if pattern.matches(item.witness))


@given(st.lists(GLOBS, max_size=3))
def test_no_text_is_shorter_than_the_example_of_its_class(globs: list[str]) -> None:
    compiled = [patterns.glob(item) for item in globs]
    for found in word_classes([[machine(item)] for item in compiled], patterns.glob("*")):
        shorter = ("".join(text) for size in range(min(4, len(found.witness))) for text in product("ab:x", repeat=size))
        masks = {sum(1 << i for i, pattern in enumerate(compiled) if pattern.matches(text)) for text in shorter}
        assert found.mask not in masks


@given(GLOBS, GLOBS, TEXTS)
def test_overlap_holds_when_a_text_matches_both(left: str, right: str, text: str) -> None:
    both = patterns.glob(left).matches(text) and patterns.glob(right).matches(text)
    assert not both or overlap(patterns.glob(left), patterns.glob(right))


@given(
    GLOBS, st.text(alphabet="ab:", max_size=3), st.text(alphabet="ab:", max_size=3), st.text(alphabet="abx", max_size=4)
)
def test_residuals_are_exact_between_literals(whole: str, before: str, after: str, middle: str) -> None:
    found = residual(patterns.glob(whole), patterns.exact(before), patterns.exact(after))
    classes = word_classes([[found], [machine(patterns.exact(middle))]], patterns.glob("*"))
    inside = any(item.mask == 3 for item in classes)
    assert inside == patterns.glob(whole).matches(before + middle + after)


@given(GLOBS, st.text(alphabet="abx", max_size=8))
def test_a_bent_pattern_matches(pattern: str, text: str) -> None:
    cost, bent = adapt(pattern, text)
    assert patterns.glob(bent).matches(text)
    assert (cost == 0) == patterns.glob(pattern).matches(text)


def test_bending_keeps_what_fits() -> None:
    assert adapt("arn:aws:s3:::old-logs/*", "arn:aws:s3:::logs/2026") == (4, "arn:aws:s3:::logs/*")


def test_common_patterns_go_part_by_part() -> None:
    texts = ["arn:aws:sqs:us-east-1:1:jobs-a", "arn:aws:sqs:eu-west-1:1:jobs-b"]
    assert common_pattern(texts) == "arn:aws:sqs:*:1:jobs-*"
    assert common_pattern(texts[:1]) == texts[0]


def test_case_folds_per_pattern() -> None:
    assert patterns.exact("aB", ignore_case=True).matches("Ab")
    assert not patterns.exact("aB").matches("Ab")
