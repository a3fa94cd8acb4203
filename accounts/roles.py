"""The roles of staff: what each may do in the admin, in one table.

They are Django groups that the project keeps: made after each `migrate`, and mended if someone has changed them. Who
needs other permissions gets a group of another name. Superusers may do everything, and give roles.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import connections, transaction

VIEWER, AUDITOR = "Viewer", "Auditor"
ROLLOUT_MANAGER, TRAINING_MANAGER = "Roll-out manager", "Training manager"

# Permissions by their full names, so that the roles can be read here whichever apps they speak of.
SEEING = (
    "accounts.view_user",
    "conversations.view_feedbackcopy",
    "conversations.view_purge",
    "privacy.view_policydocument",
    "privacy.view_policyupdate",
    "privacy.view_rolloutcell",
    "privacy.view_rolloutplace",
    "privacy.view_updateact",
    "training.view_runmove",
    "training.view_shard",
    "training.view_trainingrun",
)
ROLES: dict[str, tuple[str, ...]] = {
    # Sees figures and lists.
    VIEWER: SEEING,
    # Sees the evidence too, takes lists along, and reads feedback; both are on record.
    AUDITOR: (
        *SEEING,
        "accounts.download_csv",
        "accounts.view_listdownload",
        "conversations.read_feedback",
        "conversations.view_feedbackreading",
        "privacy.view_consentrecord",
        "privacy.view_letter",
        "privacy.view_notice",
    ),
    # Drafts policy updates, publishes them, rolls them out and moves their last day.
    ROLLOUT_MANAGER: (
        *SEEING,
        "privacy.act_on_policyupdate",
        "privacy.add_policyupdate",
        "privacy.change_policyupdate",
        "privacy.delete_policyupdate",
    ),
    # Makes training runs and moves them.
    TRAINING_MANAGER: (*SEEING, "training.move_trainingrun"),
}


def make_roles(using: str, **_kwargs: object) -> None:
    """Answer `post_migrate`: make the roles that are missing, and give each exactly what the table says."""
    tables = {model._meta.db_table for model in (Group, Permission)}
    if not tables <= set(connections[using].introspection.table_names()):
        return
    with transaction.atomic(using=using):
        for name, wanted in ROLES.items():
            _make_role(using, name, set(wanted))


def _make_role(using: str, name: str, wanted: set[str]) -> None:
    group, _created = Group.objects.using(using).get_or_create(name=name)
    there = {
        f"{app}.{codename}": pk
        for pk, app, codename in _permissions(using, wanted).values_list("pk", "content_type__app_label", "codename")
    }
    group.permissions.set([pk for full_name, pk in there.items() if full_name in wanted])


def _permissions(using: str, wanted: set[str]) -> Any:
    codenames = [full_name.partition(".")[2] for full_name in wanted]
    return Permission.objects.using(using).filter(codename__in=codenames)
