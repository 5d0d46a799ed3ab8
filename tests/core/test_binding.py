"""What an approval is bound to: the place, the very objects, the values that were seen."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from cloudwright.core.approval import Answer
from cloudwright.core.change import FieldChange, ObjectChange
from cloudwright.core.errors import (
    AlreadyDecided,
    Drifted,
    Refused,
)
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.proposal import Proposal, Provenance, Source, State, canonical, digest_of
from cloudwright.core.redaction import Origin, Origins
from cloudwright.core.refs import ObjectRef, Place
from cloudwright.core.tool import ToolCall
from tests.core.fakes import ALICE, Bench, proposed, set_call


def test_drift_of_a_touched_field_voids_the_change_and_says_what_moved(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.values["cart"] = 7
    with pytest.raises(Drifted, match=r"value: was 1, now 7"):
        bench.gate().execute(digest, bench.context())
    bench.world.values["cart"] = 1
    with pytest.raises(AlreadyDecided):
        bench.gate().execute(digest, bench.context())
    assert bench.world.writes == []


def test_an_object_that_was_replaced_voids_the_change(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.uids["cart"] = "another"
    with pytest.raises(Drifted, match="was replaced"):
        bench.gate().execute(digest, bench.context())


def test_a_change_elsewhere_does_not_void_it(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.values["db"] = 99
    bench.gate().execute(digest, bench.context())
    assert bench.world.writes == [("cart", 3)]


@pytest.mark.parametrize(
    "change", [{"cluster": "c2"}, {"namespace": "prod"}, {"identity": "mallory"}, {"context": "other"}]
)
def test_an_approval_is_for_one_place(bench: Bench, change: dict[str, str]) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    elsewhere = bench.context(place=bench.context().place.model_copy(update=change))
    with pytest.raises(Refused, match="was proposed for"):
        bench.gate().execute(digest, elsewhere)
    assert bench.world.writes == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
CALLS = st.builds(
    ToolCall, tool=st.sampled_from(["a", "b"]), arguments=st.dictionaries(st.text(max_size=3), JSON, max_size=3)
)
PLACES = st.builds(
    Place, cluster=st.sampled_from("12"), namespace=st.sampled_from("ab"), identity=st.sampled_from("xy")
)
CHANGES = st.builds(
    ObjectChange,
    ref=st.builds(ObjectRef, kind=st.just("K"), name=st.sampled_from("mn"), uid=st.sampled_from(["", "1"])),
    action=st.sampled_from(["create", "update", "delete", "act"]),
    fields=st.builds(lambda one: (one,), st.builds(FieldChange, path=st.sampled_from("pq"), before=JSON, after=JSON)),
)
BOUND = st.tuples(CALLS, PLACES, st.builds(lambda one: (one,), CHANGES), st.sampled_from(["n1", "n2"]))


@settings(max_examples=300, deadline=None)
@given(BOUND, BOUND)
def test_the_digest_differs_exactly_when_something_bound_differs(
    one: tuple[ToolCall, Place, tuple[ObjectChange, ...], str],
    other: tuple[ToolCall, Place, tuple[ObjectChange, ...], str],
) -> None:
    same = canonical(list(one)) == canonical(list(other))
    assert (digest_of(*one) == digest_of(*other)) == same


def in_session(bench: Bench, call: ToolCall, session: str = "s1") -> Proposal:
    provenance = Provenance(source=Source.USER, session=session)
    return bench.gate().propose(call, bench.context(), ALICE, provenance)


@pytest.mark.parametrize(
    ("earlier", "session", "void"),
    [
        (set_call(value=8), "s1", True),
        (set_call(value=8), "s2", False),
        (set_call(value=8), "-", False),
        (set_call("db", 8), "s1", False),
        (ToolCall(tool="drop_value", arguments={"name": "cart"}), "s1", False),
    ],
)
def test_a_session_s_later_word_takes_the_place_of_what_waits_on_the_same_fields(
    bench: Bench, earlier: ToolCall, session: str, void: bool
) -> None:
    old = in_session(bench, earlier, session)
    new = in_session(bench, set_call(value=4), "-" if session == "-" else "s1")
    assert [record.proposal.id for record in bench.gate().supersede(new)] == ([old.id] if void else [])
    record = bench.gate().ledger.record(old.digest)
    assert (record.state, record.reason) == ((State.VOID, f"superseded by {new.id}") if void else (State.PENDING, ""))
    if void:
        with pytest.raises(AlreadyDecided, match="is void"):
            bench.gate().approve(old.digest, ALICE)


def test_what_is_approved_or_takes_no_place_itself_voids_nothing(bench: Bench) -> None:
    old = in_session(bench, set_call(value=8))
    bench.policy.answer = Answer.REFUSE
    assert bench.gate().supersede(in_session(bench, set_call(value=4))) == []
    bench.policy.answer = Answer.ASK
    bench.gate().approve(old.digest, ALICE)
    assert bench.gate().supersede(in_session(bench, set_call(value=4))) == []
    assert bench.gate().ledger.record(old.digest).state is State.APPROVED


def test_a_change_whose_object_is_gone_is_void(bench: Bench) -> None:
    digest = proposed(bench, ToolCall(tool="drop_value", arguments={"name": "cart"}))
    bench.gate().approve(digest, ALICE)
    bench.world.gone = "There is no value cart."
    with pytest.raises(Drifted, match=r"moved since it was previewed: There is no value cart\. Propose"):
        bench.gate().execute(digest, bench.context())
    assert bench.gate().ledger.record(digest).state is State.VOID


class Overtaken(SessionRedactor):
    """Lets something happen before a call is restored."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(b"key")
        self._meanwhile = meanwhile

    def restore(self, value: JsonValue, origins: Origins, read: Callable[[Origin], str | None]) -> JsonValue:
        self._meanwhile()
        return super().restore(value, origins, read)


def test_what_another_process_has_done_meanwhile_is_not_made_void(bench: Bench) -> None:
    digest = proposed(bench, ToolCall(tool="drop_value", arguments={"name": "cart"}))
    bench.gate().approve(digest, ALICE)

    def overtake() -> None:
        bench.gate().execute(digest, bench.context())
        bench.world.gone = "There is no value cart."

    with pytest.raises(AlreadyDecided, match="is executed"):
        bench.gate().execute(digest, bench.context(redactor=Overtaken(overtake)))
    assert bench.gate().ledger.record(digest).state is State.EXECUTED
