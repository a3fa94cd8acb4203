"""Every row has a name that says which one it is: in the admin, in logs, and where a test fails."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import models

OWN = [model for app in ("privacy", "conversations", "training") for model in apps.get_app_config(app).get_models()]
VALUES: tuple[tuple[Any, Any], ...] = (
    (models.DateTimeField, datetime(2025, 9, 10, 9, tzinfo=UTC)),
    (models.DateField, date(2025, 9, 28)),
    (models.CharField, "2025-08-28"),
    (models.IntegerField, 7),
    (models.UUIDField, uuid.UUID(int=7)),
    (models.ForeignKey, 7),
)


def filled(model: type[models.Model]) -> models.Model:
    """Return a row of a model that holds something in each field that needs it; it is in no database."""
    row = model()
    for field in model._meta.concrete_fields:
        value = next((value for kind, value in VALUES if isinstance(field, kind)), None)
        if not field.has_default() and value is not None:
            setattr(row, field.attname, value)
    return row


@pytest.mark.parametrize("model", OWN, ids=lambda model: model._meta.label)
def test_row_has_a_name_without_a_query(model: type[models.Model]) -> None:
    row = filled(model)
    name = str(row)
    assert name
    assert name != f"{model.__name__} object ({row.pk})"
