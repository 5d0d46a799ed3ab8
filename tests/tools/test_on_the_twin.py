"""The contract tests of the tools on the embedded cluster instead of a real API server: same cases, same proof."""

from collections.abc import Iterator

import pytest

from tests.servers.apiserver import ControlPlane
from tests.servers.twin import TwinPlane
from tests.tools.test_apply_manifest import (
    test_a_bad_manifest_is_refused_with_its_place,
    test_a_namespace_and_what_is_in_it_are_applied_together,
    test_apply_makes_changes_and_keeps_what_others_own,
    test_grants_are_told_from_writes_whatever_tool_makes_them,
)
from tests.tools.test_catalog import (
    test_reads_send_nothing_that_writes,
)
from tests.tools.test_changes import (
    test_a_changed_field_voids_the_approval_and_a_status_update_does_not,
    test_a_created_object_is_deleted_by_undo,
    test_a_new_secret_value_cannot_be_undone_and_is_never_shown,
    test_a_read_only_session_previews_and_never_writes,
    test_an_unknown_field_is_named,
    test_an_unknown_name_suggests_one_that_exists,
    test_delete_previews_what_garbage_collection_takes_and_writes_only_when_approved,
    test_labels_are_set_and_taken_back,
    test_nothing_is_proposed_when_nothing_would_change,
    test_scale_is_previewed_without_a_write_and_done_once,
    test_set_image_touches_one_field_and_says_which_pods_restart,
    test_undo_names_who_changed_the_field_since,
    test_undo_restores_the_replicas,
)
from tests.tools.test_custom_kinds import (
    test_custom_kinds_are_found_like_any_other,
    test_fields_of_custom_kinds_are_explained,
)
from tests.tools.test_listing import (
    test_counts_are_computed_over_all_pages,
    test_lists_filter_sort_page_and_keep_the_rest,
)
from tests.tools.test_nodes import (
    test_a_drain_names_victims_and_what_never_comes_back_and_respects_budgets,
    test_an_eviction_is_bound_to_the_very_pod,
    test_nodes_are_cordoned_tainted_and_put_back,
)
from tests.tools.test_relations import (
    test_comparing_names_each_field,
    test_events_are_joined_by_uid_and_not_by_name,
    test_owners_up_and_down,
    test_rollout_history_and_status,
    test_waiting_ends_when_it_is_so_deleted_or_late,
)
from tests.tools.test_rollback import (
    test_a_paused_rollout_is_resumed,
    test_a_rollout_goes_back_to_the_revision_before,
    test_a_stateful_set_and_a_daemon_set_roll_back_too,
)
from tests.tools.test_secrets_stay_hidden import (
    test_equal_secrets_are_seen_to_be_equal,
    test_no_filter_finds_a_secret_out_by_comparing,
    test_no_read_shows_a_secret,
)
from tests.tools.test_snapshot import (
    test_missing_parts_of_a_cluster_are_named,
    test_snapshots_prune_pages_and_name_gaps,
)
from tests.tools.test_who_can import (
    test_impersonation_reaches_every_request,
    test_what_can_lists_rights_with_their_binding,
    test_who_can_agrees_with_the_server,
)
from tests.tools.test_workload_changes import (
    test_a_blast_radius_says_what_it_could_not_see,
    test_a_workload_is_changed_as_previewed_once_and_restored,
    test_an_environment_with_a_secret_in_it_is_taken_back_unless_somebody_else_changed_it,
    test_an_unnamed_container_among_several_is_asked_for,
    test_autoscaling_exposing_and_running_a_job_make_objects_that_undo_deletes,
    test_scaling_down_a_stateful_set_that_deletes_its_claims_is_destructive,
)

EMBEDDED = True
"""These are not counted among the tests on real servers."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The embedded cluster, shared by this module."""
    with TwinPlane(tmp_path_factory.mktemp("twin")) as plane:
        yield plane


__all__ = [
    "test_a_bad_manifest_is_refused_with_its_place",
    "test_a_blast_radius_says_what_it_could_not_see",
    "test_a_changed_field_voids_the_approval_and_a_status_update_does_not",
    "test_a_created_object_is_deleted_by_undo",
    "test_a_drain_names_victims_and_what_never_comes_back_and_respects_budgets",
    "test_a_namespace_and_what_is_in_it_are_applied_together",
    "test_a_new_secret_value_cannot_be_undone_and_is_never_shown",
    "test_a_paused_rollout_is_resumed",
    "test_a_read_only_session_previews_and_never_writes",
    "test_a_rollout_goes_back_to_the_revision_before",
    "test_a_stateful_set_and_a_daemon_set_roll_back_too",
    "test_a_workload_is_changed_as_previewed_once_and_restored",
    "test_an_environment_with_a_secret_in_it_is_taken_back_unless_somebody_else_changed_it",
    "test_an_eviction_is_bound_to_the_very_pod",
    "test_an_unknown_field_is_named",
    "test_an_unknown_name_suggests_one_that_exists",
    "test_an_unnamed_container_among_several_is_asked_for",
    "test_apply_makes_changes_and_keeps_what_others_own",
    "test_autoscaling_exposing_and_running_a_job_make_objects_that_undo_deletes",
    "test_comparing_names_each_field",
    "test_counts_are_computed_over_all_pages",
    "test_custom_kinds_are_found_like_any_other",
    "test_delete_previews_what_garbage_collection_takes_and_writes_only_when_approved",
    "test_equal_secrets_are_seen_to_be_equal",
    "test_events_are_joined_by_uid_and_not_by_name",
    "test_fields_of_custom_kinds_are_explained",
    "test_grants_are_told_from_writes_whatever_tool_makes_them",
    "test_impersonation_reaches_every_request",
    "test_labels_are_set_and_taken_back",
    "test_lists_filter_sort_page_and_keep_the_rest",
    "test_missing_parts_of_a_cluster_are_named",
    "test_no_filter_finds_a_secret_out_by_comparing",
    "test_no_read_shows_a_secret",
    "test_nodes_are_cordoned_tainted_and_put_back",
    "test_nothing_is_proposed_when_nothing_would_change",
    "test_owners_up_and_down",
    "test_reads_send_nothing_that_writes",
    "test_rollout_history_and_status",
    "test_scale_is_previewed_without_a_write_and_done_once",
    "test_scaling_down_a_stateful_set_that_deletes_its_claims_is_destructive",
    "test_set_image_touches_one_field_and_says_which_pods_restart",
    "test_snapshots_prune_pages_and_name_gaps",
    "test_undo_names_who_changed_the_field_since",
    "test_undo_restores_the_replicas",
    "test_waiting_ends_when_it_is_so_deleted_or_late",
    "test_what_can_lists_rights_with_their_binding",
    "test_who_can_agrees_with_the_server",
]
