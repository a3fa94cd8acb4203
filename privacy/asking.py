"""One rendering of the question: the component, its form and its token, together."""

from dataclasses import dataclass

from django.utils.translation import get_language

from privacy.actions import was_shown
from privacy.consequences import choice_in_words, consequences
from privacy.forms import AnswerForm
from privacy.http import GatedRequest
from privacy.models import Method, Surface
from privacy.question import Question, question_for
from privacy.receipts import Receipt, receipt_for
from privacy.standing import Standing
from privacy.tokens import FormToken


@dataclass(frozen=True, slots=True)
class Asking:
    """The question as it is put to one person in one page."""

    question: Question
    token: str
    form: AnswerForm | None
    next: str


def ask(
    request: GatedRequest, standing: Standing, surface: Surface, *, form: AnswerForm | None = None, next_url: str = ""
) -> Asking | None:
    """Return the question for a page, or None if nothing is left to ask.

    Who has not been shown this text here before is to be recorded as shown, once the page is made
    (`EvidenceMiddleware`). A form with errors is passed on as it was sent.
    """
    question = question_for(standing, surface)
    if question is None:
        return None
    if not was_shown(standing.user, question):
        request.question_shown = question
    token = FormToken.issue(
        standing.user,
        notice=question.notice_hash,
        surface=surface,
        last_receipt=standing.state.last_receipt,
        offers=question.offers,
    )
    return Asking(question, token.sign(), form, next_url)


@dataclass(frozen=True, slots=True)
class Answered:
    """What someone's answers led to: what is true now, the last receipt, and the way back."""

    choice: str
    consequences: list[str]
    receipt: Receipt | None
    undo_token: str


def answered(standing: Standing, asking: Asking | None = None) -> Answered:
    """Return what is true for someone now, with undo where their last answer changed their choice.

    `asking` is the question on the same page, if there is one.
    """
    last = standing.state.last_receipt
    receipt = receipt_for(standing.user, last) if last else None
    return Answered(choice_in_words(standing), consequences(standing), receipt, _undo_token(standing, receipt, asking))


def _undo_token(standing: Standing, receipt: Receipt | None, asking: Asking | None) -> str:
    """Return the token for undoing an answer: an ordinary answer with the value there was before.

    It rests on a text that offers that value and is on this page, or was when the answer was given here. There is
    none where an ordinary answer would be refused too.
    """
    value = receipt.undoes_to if receipt and standing.is_asked else None
    if receipt is None or value is None or not standing.has_accepted_terms:
        return ""
    if asking is not None:
        notice, surface = asking.question.notice_hash, asking.question.surface
        is_offered = value.value in asking.question.offers
    else:
        notice, surface = receipt.first.notice_id, Surface(receipt.first.surface)
        is_offered = surface is not Surface.SETTINGS and receipt.first.language == get_language()
    if not is_offered:
        return ""
    token = FormToken.issue(
        standing.user,
        notice=notice,
        surface=surface,
        last_receipt=receipt.id,
        offers=[value.value],
        method=Method.UNDO,
    )
    return token.sign()
