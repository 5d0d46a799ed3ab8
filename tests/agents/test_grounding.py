"""What counts as shown: times by part, arguments, shortened quotes, advice, and what the answer showed before."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from cloudwright.agents import amounts
from cloudwright.agents.grounding import Standing, check, demand, settle, stands_in
from cloudwright.core.evidence import Evidence

PODS = """name   cpu        memory  limit  of-limit
ads-1  12562888n  143Mi   256Mi  56%
cart   9m         59Mi    160Mi  37%"""
CALLS = """name      calls
frontend  ads:9555
cart      cart-store:6379"""
ROLLOUT = """revision  image      age
1         cart:1.0   3d
3         cart:1.2   2h

Container cart ended with exit code 137 after 11 restarts; "replicas": 4, cpu 12562888n of 500m.
The ReplicaSet went from 4 to 2 and the Service goes from 9 to 7 endpoints."""
LOG = 'level=warn msg="call to shipping failed" code=404 body="404 page not found (unknown service shipping)"'
EVENTS = "at 2026-11-21T14:43:40Z and 2026-11-21T17:26:25.644879Z Deployment frontend changed"
NODE = """name     capacity    calls        schedule
worker1  5356126208  153566000.0  30 2 * * *
worker2  5356126208  11           "*/15 * * * *"
worker3  -           -            -
… 15 more rows not shown"""
READY = """name  status   node
a     Pending  worker1
b     Pending  worker1
c     Pending  worker2
d     Running  worker2"""
EVIDENCE = {
    f"e{number}": Evidence(
        id=f"e{number}",
        tool="list_resources",
        arguments={"kind": "networkpolicies", "namespace": "staging-2"} if number == 2 else {},
        taken_at=datetime(2026, 11, 21, tzinfo=UTC),
        cluster="c",
        excerpt=text,
    )
    for number, text in enumerate((PODS, CALLS, LOG, EVENTS, ROLLOUT, NODE, READY), 1)
}


def standings(text: str) -> list[Standing]:
    return [item.standing for item in check(text, EVIDENCE.get)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Deployment frontend changed at 14:43:40 [e4].",
        "Deployment frontend changed at 14:43Z [e4].",
        "Deployment frontend changed at 2026-11-21 17:26:25 [e4].",
        "Of each NetworkPolicy in staging-2 the calls are listed [e2].",
        'The log says "call to shipping … (unknown service shipping)" [e3].',
        'The log says "call to shipping ... (unknown service shipping)" [e3].',
        "The tightest of all is ads-1 with 143Mi of 256Mi (56%) [e1].",
        "Pages would miss products since frontend calls ads:9555 [e2].",
        "The cpu of ads-1 is about 13m [e1].",
        "The memory of cart has 101Mi left: 59Mi of 160Mi [e1].",
    ],
)
def test_what_evidence_shows_in_other_words_is_shown(sentence: str) -> None:
    assert standings(sentence) == [Standing.VERIFIED]


@pytest.mark.parametrize(
    "sentence",
    [
        "Deployment frontend changed at 14:43:41 [e4].",
        "Deployment frontend changed at 43:40 [e4].",
        "Of each NetworkPolicy in staging-3 the calls are listed [e2].",
        'The log says "call to shipping … (unknown service payment)" [e3].',
        "The tightest of all is ads-1 with 143Mi of 257Mi [e1].",
        "The cpu of ads-1 is about 14m [e1].",
        "The memory of cart has 102Mi left: 59Mi of 160Mi [e1].",
    ],
)
def test_what_evidence_contradicts_is_refuted(sentence: str) -> None:
    assert standings(sentence) == [Standing.REFUTED]


RIGHT = (
    "The newest revision of cart is revision 3 [e5].",
    "Container cart has ended with exit code 137 [e5].",
    "There were 11 restarts of container cart [e5].",
    "The ReplicaSet went from 4 to 2 [e5].",
    "The Service goes from 9 to 7 endpoints [e5].",
    "The ReplicaSet has 4 replicas [e5].",
    "The cpu of cart is at 12562888n [e5].",
    "The memory of ads-1 is at 143Mi, 56% of its limit [e1].",
    "The memory of ads-1 is at 143Mi [e1]; what it needs I do not know.",
)
NUMBER = re.compile(r"(?<![\w.-])\d+(?=%|n|Mi|[ .;,])")


def mutations(sentence: str) -> Iterator[str]:
    """The sentence with one of its numbers changed, each in two ways."""
    for found in NUMBER.finditer(sentence):
        for other in (int(found.group()) + 2, 2 * int(found.group()) + 3):
            yield f"{sentence[: found.start()]}{other}{sentence[found.end() :]}"


@pytest.mark.parametrize("sentence", RIGHT)
def test_a_right_sentence_with_one_number_changed_is_refuted(sentence: str) -> None:
    assert standings(sentence) == [Standing.VERIFIED]
    changed = list(mutations(sentence))
    assert changed
    assert [text for text in changed if standings(text) != [Standing.REFUTED]] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "I suggest that the ReplicaSet should have 6 replicas [e5].",
        "The autoscaler of the ReplicaSet keeps 2 to 4 replicas [e5].",
        "Container cart runs in 2 revisions of the image [e5].",
    ],
)
def test_what_is_wished_or_a_range_is_not_held_against_a_count(sentence: str) -> None:
    assert Standing.REFUTED not in standings(sentence)


@pytest.mark.parametrize(
    ("share", "said", "right"),
    [("0.567", "57%", True), ("0.567", "56%", True), ("0.561", "57%", False), ("0.567", "55%", False)],
)
def test_an_amount_is_rounded_or_cut_and_not_raised(share: str, said: str, right: bool) -> None:
    assert amounts.shows(f"share {share}", said) is right


@pytest.mark.parametrize(
    "sentence",
    [
        "First: repair shop-settings so that catalog starts.",
        "Approve the policy orders-db first, then data-stores.",
        "If the machine is gone for good, delete the Node object of worker-3.",
        "Never delete orders-db-0 while it runs.",
        "I would put these 24 lines back.",
        'Ask me with "set the image of payment to 1.5.3".',
    ],
)
def test_advice_needs_no_citation(sentence: str) -> None:
    assert standings(sentence) == [Standing.PLAIN]


def test_a_condition_is_no_excuse_for_a_claim() -> None:
    claim = "Before you say yes: the CronJob of orders-db fails [e1]; tell me what you think."
    assert standings(claim) == [Standing.REFUTED]
    assert standings("If you look, Deployment frontend runs frontend:1.8.1.") == [Standing.UNCITED]


def test_what_a_sentence_has_shown_may_be_taken_up_in_another() -> None:
    assert standings(
        "Two things end at 160Mi.\nThe limit of cart is 160Mi [e1]. Pods of e2 stay below 160Mi [e2]."
    ) == [
        Standing.PLAIN,
        Standing.VERIFIED,
        Standing.VERIFIED,
    ]
    assert standings("The limit of cart is 160Mi [e1]. So it is not 161Mi.")[1] is Standing.UNCITED


def test_beside_its_own_citation_a_sentence_borrows_no_count_and_no_term() -> None:
    other = "The limit of cart is 160Mi and it uses 59Mi [e1]. Of calls there are"
    assert standings(f"{other} 101Mi [e2].")[1] is Standing.REFUTED
    assert standings(f"{other.replace('160Mi', '37% of 160Mi')} 7 [e2].")[1] is Standing.REFUTED
    assert standings("`ads-1` is listed [e1]. frontend calls ads-1 with 9 [e2].")[1] is Standing.REFUTED


def test_a_word_in_one_row_with_another_of_the_sentence_is_shown_by_any_evidence_that_is_cited() -> None:
    text = "The memory of ads-1 is known [e1]. The calls of cart-store:6379 come from ads-1 with 143Mi [e2]."
    assert standings(text) == [Standing.VERIFIED, Standing.VERIFIED]
    assert standings(text.replace("143Mi", "59Mi"))[1] is Standing.REFUTED


def test_phrasing_alone_sends_no_sentence_back_and_is_marked_with_what_is_missing() -> None:
    text = "Everything went bankrupt yesterday [e1]."
    checked = check(text, EVIDENCE.get)
    assert demand(checked) == ""
    assert settle(text, checked) == f"{text} (not verified: the words are not in e1)"


@pytest.mark.parametrize(
    ("amount", "known", "follows"),
    [
        ("101Mi", ("160Mi", "59Mi"), True),
        ("219Mi", ("160Mi", "59Mi"), True),
        ("37%", ("160Mi", "59Mi"), True),
        ("102Mi", ("160Mi", "59Mi"), False),
        ("4 ms", ("24 ms", "20 ms"), True),
        ("101", ("160Mi", "59Mi"), False),
        ("101Mi", ("160Mi", "59 s"), False),
        ("101Mi", (), False),
    ],
)
def test_sums_differences_and_shares_follow_from_their_terms(
    amount: str, known: tuple[str, ...], follows: bool
) -> None:
    assert amounts.follows(amount, known) is follows


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("The capacity of worker1 is 5 GiB [e6].", "6 GiB"),
        ("The calls of worker1 are 153566000 [e6].", "153566001"),
        ("The calls of worker1 are 153,566,000 [e6].", "153,566,001"),
        ("The schedule of worker1 is 02:30 [e6].", "03:30"),
        ("The names by capacity and schedule are 18 [e6].", "19"),
        ("The names with status Pending are 3 [e7].", "5"),
        ("The names by status and node are 4 [e7].", "6"),
    ],
)
def test_other_units_written_numbers_schedules_and_counted_rows_are_shown_and_no_others(
    sentence: str, wrong: str
) -> None:
    assert standings(sentence) == [Standing.VERIFIED]
    right = re.search(r"\d[\d,:]*(?: GiB)?", sentence.split("worker1")[-1])
    assert right is not None
    assert standings(sentence.replace(right.group(), wrong)) == [Standing.REFUTED]


def test_a_share_may_be_a_number_of_the_users_own_and_of_nothing_else() -> None:
    claim = "The target of cart is 60% [e2]."
    assert check(claim, EVIDENCE.get, "let cart grow at 60 percent")[0].standing is not Standing.REFUTED
    assert check(claim, EVIDENCE.get, "let cart grow at 61 percent")[0].standing is Standing.REFUTED


def test_a_bare_value_stands_in_a_row_with_what_was_asked_for() -> None:
    asked = {"kind": "cronjob", "name": "nightly-backup", "path": "spec.schedule"}
    bare = EVIDENCE["e1"].model_copy(update={"tool": "get_resource", "arguments": asked, "excerpt": '"*/15 * * * *"'})
    (seen,) = check("By now, nightly-backup fires every 15 minutes [e1].", {"e1": bare}.get)
    assert seen.standing is Standing.VERIFIED
    (seen,) = check("By now, nightly-backup fires every 25 minutes [e1].", {"e1": bare}.get)
    assert seen.standing is Standing.REFUTED


@pytest.mark.parametrize(
    ("sentence", "standing"),
    [
        ("Egress to kube-dns on 53 and to 443 must stay open.", Standing.UNCITED),
        ("The policy should also allow kube-dns on 53, and 443.", Standing.PLAIN),
        ("**Allow DNS**: kube-dns, port 53.", Standing.PLAIN),
        ("The policy should also allow DNS, because kube-dns runs with 53 pods.", Standing.UNCITED),
        ("Set of replicas: 53 of kube-dns.", Standing.UNCITED),
        ("It is better now: kube-dns answers 53 of 54 calls.", Standing.UNCITED),
        ("Restart loops of kube-dns: 53.", Standing.UNCITED),
        ("The policy should allow port 54 of ads-1 [e1].", Standing.REFUTED),
    ],
)
def test_what_is_urged_needs_no_citation_and_its_reasons_do(sentence: str, standing: Standing) -> None:
    assert standings(sentence) == [standing]


def evidence(number: int, text: str, tool: str = "get_resource", **arguments: JsonValue) -> Evidence:
    return EVIDENCE["e1"].model_copy(update={"id": f"e{number}", "tool": tool, "arguments": arguments, "excerpt": text})


DENIED = evidence(1, 'msg="pods is forbidden: cannot list resource \\"pods\\" in API group"', "get_logs", name="board")
SCALER = evidence(
    2, '"minReplicas": 2, "maxReplicas": 6, "type": "Utilization", averageUtilization=70', kind="hpa", name="web"
)
ON_WORKER = evidence(3, "name  ready\npayment-1  1/1\nads-2  1/1", "list_resources", kind="pods", where="on node w2")
KNOWN = {item.id: item for item in (DENIED, SCALER, ON_WORKER)}


@pytest.mark.parametrize(
    ("sentence", "standing"),
    [
        (r'The log says "cannot list resource \"pods\"" [e1].', Standing.VERIFIED),
        (r'The log says "cannot list resource \"nodes\"" [e1].', Standing.REFUTED),
        ('The log says `cannot list resource "pods"` [e1].', Standing.VERIFIED),
        ("Between 2 and 6 pods [e2].", Standing.VERIFIED),
        ("Between 2 and 9 pods [e2].", Standing.REFUTED),
        ("The target is a utilization of 70% [e2].", Standing.VERIFIED),
        ("The target is a utilization of 60% [e2].", Standing.REFUTED),
        ("cart-store and orders-db have no pod there [e3].", Standing.PLAIN),
        ("orders-db is not there [e3].", Standing.PLAIN),
        ("orders-db is ready there [e3].", Standing.REFUTED),
        ("payment-1 has no error but orders-db runs there [e3].", Standing.REFUTED),
        ("orders-db has no service there [e3].", Standing.REFUTED),
        ("orders-db has no pod at all [e3].", Standing.REFUTED),
        ("I changed nothing; the rest is up to you.", Standing.PLAIN),
        ("I changed nothing but the image.", Standing.REFUTED),
    ],
)
def test_quotes_within_quotes_other_words_and_what_is_not_in_a_whole_list(sentence: str, standing: Standing) -> None:
    assert [item.standing for item in check(sentence, KNOWN.get)] == [standing]


def test_a_list_that_was_shown_in_part_shows_no_absence() -> None:
    (item,) = check("orders-db has no pod there [e3].", KNOWN.get, partial=("e3",))
    assert item.standing is Standing.REFUTED


def test_digits_of_made_up_ids_count_nothing() -> None:
    assert not stands_in("8", "cart-7d9f8b6c5d was proposed as 2065e58b6aa1")
    assert stands_in("6", "for 6m6s")
