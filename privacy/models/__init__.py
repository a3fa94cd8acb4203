"""What people were told, what they chose, and the evidence of both."""

from privacy.models.evidence import ANSWERS, ConsentRecord, Kind, Method, Notice, Surface, Training
from privacy.models.letters import Letter, ReminderStop
from privacy.models.rollout import RolloutCell, RolloutCount, RolloutDue, RolloutFigure, RolloutPlace, RolloutState
from privacy.models.states import ConsentState, Draft, TrainingRefusal
from privacy.models.updates import (
    ANYWHERE_ON_EARTH,
    EARLIEST,
    LATEST,
    LONGEST_REMINDER,
    MOST_YEARS_TO_ANSWER,
    Act,
    CoverageReading,
    DocumentKind,
    PolicyDocument,
    PolicyUpdate,
    PolicyUpdateQuerySet,
    UpdateAct,
    validate_reminder_days,
)

__all__ = [
    "ANSWERS",
    "ANYWHERE_ON_EARTH",
    "EARLIEST",
    "LATEST",
    "LONGEST_REMINDER",
    "MOST_YEARS_TO_ANSWER",
    "Act",
    "ConsentRecord",
    "ConsentState",
    "CoverageReading",
    "DocumentKind",
    "Draft",
    "Kind",
    "Letter",
    "Method",
    "Notice",
    "PolicyDocument",
    "PolicyUpdate",
    "PolicyUpdateQuerySet",
    "ReminderStop",
    "RolloutCell",
    "RolloutCount",
    "RolloutDue",
    "RolloutFigure",
    "RolloutPlace",
    "RolloutState",
    "Surface",
    "Training",
    "TrainingRefusal",
    "UpdateAct",
    "validate_reminder_days",
]
