"""What people were told, what they chose, and the evidence of both."""

from privacy.models.evidence import ANSWERS, CHOICES, ConsentRecord, Kind, Method, Notice, Surface, Training
from privacy.models.letters import Letter, ReminderStop
from privacy.models.rollout import RolloutCell, RolloutCount, RolloutDue, RolloutFigure, RolloutPlace, RolloutState
from privacy.models.states import ConsentState, Draft, TrainingRefusal
from privacy.models.updates import (
    EARLIEST,
    LATEST,
    MOST_YEARS_TO_ANSWER,
    Act,
    CoverageReading,
    DocumentKind,
    PolicyDocument,
    PolicyUpdate,
    UpdateAct,
    validate_reminder_days,
)

__all__ = [
    "ANSWERS",
    "CHOICES",
    "EARLIEST",
    "LATEST",
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
