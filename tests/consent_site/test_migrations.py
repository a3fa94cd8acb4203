import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

OWN_APPS = sorted(app.label for app in apps.get_app_configs() if Path(app.path).parent == Path(settings.BASE_DIR))


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("label", OWN_APPS)
def test_migrations_are_one_numbered_line_with_names(label: str) -> None:
    loader = MigrationLoader(None)
    names = sorted(name for app, name in loader.disk_migrations if app == label)
    assert len(loader.graph.leaf_nodes(label)) <= 1
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert [name for name in names if re.search(r"_auto_|_\d{8}_", name)] == []


@pytest.mark.django_db
def test_database_is_migrated_to_the_last_one() -> None:
    loader = MigrationLoader(connection)
    assert set(loader.graph.leaf_nodes()) <= set(loader.applied_migrations)
