"""Opening the session of an earlier proposal again: same context and namespace, same placeholders."""

from dataclasses import replace

from cloudwright import settings
from cloudwright.core.proposal import Record
from cloudwright.surfaces.commands.options import Flags
from cloudwright.surfaces.session import CLOUD, Session, open_cloud_session, open_gate, open_session


def session_for(digest: str, flags: Flags) -> tuple[Session, Record]:
    """Connect to where the proposal was made, unless flags say otherwise.

    Raises:
        NotFound: no proposal has this digest. CloudwrightError: its cluster cannot be reached.
    """
    record = open_gate(settings.load(flags.given())).ledger.record(digest)
    place = record.proposal.place
    there = replace(
        flags,
        context=flags.context if flags.context is not None else place.context or None,
        namespace=place.namespace or None,
        as_user=flags.as_user if flags.as_user is not None else place.impersonates or None,
    )
    opened = open_cloud_session if place.server == CLOUD else open_session
    return opened(settings.load(there.given()), record.proposal.provenance.session), record
