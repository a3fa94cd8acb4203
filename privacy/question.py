"""The question itself: one component, in the same words and order wherever it stands.

Everything a person is told with the question is in `Question`, the template renders nothing else, and the
canonical text that is hashed as evidence is made of the same lines.
"""

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from privacy.models import CoverageReading, PolicyUpdate, Surface, Training
from privacy.standing import Standing
from privacy.tokens import TERMS
from privacy.wording import retention_if_allowed, retention_otherwise, written_date


@dataclass(frozen=True, slots=True)
class Option:
    """One of the two answers: what it says, and what it means."""

    value: Training
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class Question:
    """The question as one person sees it on one surface, in the active language."""

    update: PolicyUpdate
    surface: Surface
    language: str
    title: str
    summary: tuple[str, ...]
    legend: str
    options: tuple[Option, ...]
    terms_legend: str
    terms_label: str
    terms_hint: str
    submit_label: str
    submit_label_with_terms: str
    defer_label: str

    @property
    def asks_training(self) -> bool:
        """Return whether the training choice is asked."""
        return bool(self.options)

    @property
    def asks_terms(self) -> bool:
        """Return whether accepting the terms is asked."""
        return bool(self.terms_label)

    @property
    def offers(self) -> tuple[str, ...]:
        """Return what can be saved with the question: the values of its options, and the terms if they are asked."""
        return (*(option.value.value for option in self.options), *([TERMS] if self.asks_terms else []))

    @property
    def lines(self) -> tuple[str, ...]:
        """Return every text of the question in the order in which it is read."""
        options = [text for option in self.options for text in (option.label, option.hint)]
        texts = [
            self.title,
            *self.summary,
            self.terms_legend,
            self.terms_label,
            self.terms_hint,
            self.legend,
            *options,
            self.submit_label,
            self.submit_label_with_terms,
            self.defer_label,
        ]
        return tuple(text for text in texts if text)

    @property
    def canonical_text(self) -> str:
        """Return the notice as it is kept as evidence: what it belongs to, then every text, a line each."""
        head = (f"update: {self.update.version}", f"language: {self.language}", f"surface: {self.surface.value}")
        return "\n".join((*head, *self.lines)) + "\n"

    @property
    def notice_hash(self) -> str:
        """Return the SHA-256 of the canonical text, in hex."""
        return hashlib.sha256(self.canonical_text.encode()).hexdigest()


def question_for(standing: Standing, surface: Surface) -> Question | None:
    """Return the question that is left to ask someone on a surface, in the active language; None if none is.

    In settings the training choice is asked for as long as there is an update: it can always be changed. On a
    commercial plan there is only an earlier permission to withdraw, and that only in settings.
    """
    if standing.update is None:
        return None
    if not standing.is_asked:
        can_withdraw = surface is Surface.SETTINGS and standing.state.training == Training.ALLOW
        return _compose_withdrawal(standing.update) if can_withdraw else None
    asks_training = surface is Surface.SETTINGS or not standing.has_answered
    asks_terms = not standing.has_accepted_terms
    if not asks_training and not asks_terms:
        return None
    return _compose(standing, surface, asks_training=asks_training, asks_terms=asks_terms)


def _compose(standing: Standing, surface: Surface, *, asks_training: bool, asks_terms: bool) -> Question:
    update = standing.update
    assert update is not None
    save = _("Save my choice")
    accept = _("Accept the terms") if not asks_training else _("Accept the terms and save my choice")
    return Question(
        update=update,
        surface=surface,
        language=get_language() or settings.LANGUAGE_CODE,
        title=_("May your chats be used to train models?") if asks_training else _("The updated Consumer Terms"),
        summary=_summary(standing, surface) if asks_training else (),
        legend=_("Use of my chats and coding sessions to train models") if asks_training else "",
        options=answer_options(update) if asks_training else (),
        terms_legend=_("Consumer Terms") if asks_terms else "",
        terms_label=_("I accept the updated Consumer Terms") if asks_terms else "",
        terms_hint=_terms_hint(asks_training=asks_training) if asks_terms else "",
        submit_label=save if asks_training else "",
        submit_label_with_terms=accept if asks_terms else "",
        defer_label=_("Not now") if surface is Surface.POP_UP and standing.can_defer else "",
    )


def _compose_withdrawal(update: PolicyUpdate) -> Question:
    names = {"otherwise": retention_otherwise(update)}
    return Question(
        update=update,
        surface=Surface.SETTINGS,
        language=get_language() or settings.LANGUAGE_CODE,
        title=_("Withdraw your earlier permission"),
        summary=(
            _("On your commercial plan nothing is used to train models, and permission cannot be given."),
            _("This is about what you wrote on a consumer plan, and about the time when you are back on one."),
            _("What was kept for longer goes within %(otherwise)s of your change.") % names,
            _("Training runs that have already started keep what they have."),
        ),
        legend=_("Use of my chats and coding sessions to train models"),
        options=answer_options(update)[1:],
        terms_legend="",
        terms_label="",
        terms_hint="",
        submit_label=_("Save my choice"),
        submit_label_with_terms="",
        defer_label="",
    )


def _terms_hint(*, asks_training: bool) -> str:
    if not asks_training:
        return _("Your training choice is saved and stays as it is.")
    return _("Accepting the terms says nothing about training. “No” can be saved without accepting them.")


def answer_options(update: PolicyUpdate) -> tuple[Option, Option]:
    """Return the two answers, in the active language."""
    allowed, otherwise = retention_if_allowed(update), retention_otherwise(update)
    return (
        Option(
            Training.ALLOW,
            _("Yes, allow training"),
            _("Kept for %(period)s after the last message. Used for training.") % {"period": allowed},
        ),
        Option(
            Training.REFUSE,
            _("No, refuse training"),
            _("Kept for %(period)s after the last message. Not used for training.") % {"period": otherwise},
        ),
    )


def _summary(standing: Standing, surface: Surface) -> tuple[str, ...]:
    """Return the five lines above the question."""
    update = standing.update
    assert update is not None
    names = {
        "product": settings.PRODUCT_NAME,
        "coding_tool": settings.CODING_TOOL_NAME,
        "allowed": retention_if_allowed(update),
        "otherwise": retention_otherwise(update),
        "last_day": written_date((standing.overdue or standing.due or update).last_day),
    }
    return (
        _scope(update) % names,
        _(
            "If you allow it, they are kept for %(allowed)s after your last message, then they are gone. They are used"
            " to train models, filtered for sensitive data."
        )
        % names,
        _otherwise(standing) % names,
        _("You can change your choice at any time. Training runs that have already started keep what they have."),
        _when(standing, surface) % names,
    )


def _scope(update: PolicyUpdate) -> str:
    """Return the line about what an *allow* reaches, by the update's reading of rule C3."""
    if update.coverage_reading == CoverageReading.MESSAGE:
        return _(
            "This is about new chats in %(product)s and coding sessions in %(coding_tool)s, and older ones you resume"
            " by writing in them again. Only messages you write while you allow it, with their replies, are used to"
            " train models."
        )
    return _(
        "This is about new chats in %(product)s and coding sessions in %(coding_tool)s, and older ones you resume by"
        " writing in them again. Of these, earlier messages count too, except those you wrote under a “No”."
    )


def _otherwise(standing: Standing) -> str:
    """Return the line about a *refuse*; whoever allows now would also end what is kept for longer (rule D1)."""
    if standing.state.training == Training.ALLOW:
        return _(
            "If you do not, they are kept for %(otherwise)s after your last message, then they are gone. They are not"
            " used to train models. What was kept for longer goes within %(otherwise)s of your change."
        )
    return _(
        "If you do not, they are kept for %(otherwise)s after your last message, then they are gone. They are not"
        " used to train models."
    )


def _when(standing: Standing, surface: Surface) -> str:
    """Return the line about the last day, and that waiting decides nothing."""
    if standing.has_answered:
        return _("The choice you have made stands until you save another.")
    if surface is Surface.SIGN_UP:
        return _("Nothing is chosen until you choose. With the terms accepted, either answer takes you on.")
    if standing.gate is Surface.SIGN_UP:
        return _("Nothing is chosen until you choose.")
    return _when_overdue(standing) if standing.is_overdue else _when_due(standing)


def _when_overdue(standing: Standing) -> str:
    if standing.state.training:
        return _(
            "The last day to answer was %(last_day)s. Until you answer, nothing is used to train models. With the terms"
            " accepted, either answer opens %(product)s."
        )
    return _(
        "The last day to answer was %(last_day)s. Nothing is chosen until you choose. With the terms accepted, either"
        " answer opens %(product)s."
    )


def _when_due(standing: Standing) -> str:
    if standing.state.training:
        return _("The last day to answer is %(last_day)s. Until then, the choice you made before stands.")
    return _("The last day to answer is %(last_day)s. Nothing is chosen until you choose.")
