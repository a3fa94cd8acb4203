"""The acts on an update: opening the address of one says what it would do, and only sending its form does it."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import clock
from accounts.http import SignedInRequest
from accounts.tasks import send
from privacy import publication, reach
from privacy.admin.pages import UpdatePages, address_of
from privacy.admin.update_forms import LastDayForm, MoveForm, PercentageForm, RollOutForm, SeenForm
from privacy.models import Act, PolicyUpdate
from privacy.tasks import send_reminders

METHODS = ("GET", "HEAD", "POST")


class ActViews(UpdatePages):
    """Publishing, rolling out, moving the last day."""

    @method_decorator(require_http_methods(METHODS))
    def publish_view(self, request: SignedInRequest, version: str) -> HttpResponse:
        """Say whether a draft can be published and what that would do, and publish it."""
        update, form = self.acted_on_by(request, version), SeenForm(request.POST)
        if request.method == "POST" and form.is_valid():
            act = partial(publication.publish, update, by=request.user, at=clock.now(), seen=form.cleaned_data["seen"])
            return self._do(request, update, Act.PUBLISHED, act, _("It is published."))
        if update.published_at:
            return self.refused(request, update, _("It is published already."))
        at = clock.now()
        people = reach.in_scope()
        context = {
            "problems": publication.problems_of(update, at),
            "by_plan": reach.by_plan(people) if update.is_material else [],
            "total": people.count() if update.is_material else 0,
            "form": _seen_form(update),
        }
        return self.page(request, update, "publish", _("Publish"), context=context)

    @method_decorator(require_http_methods(METHODS))
    def roll_out_view(self, request: SignedInRequest, version: str) -> HttpResponse:
        """Ask to how many a published update is to be rolled out, say how many more would see it, and do it."""
        update = self.acted_on_by(request, version)
        confirmed = RollOutForm(request.POST)
        if request.method == "POST" and confirmed.is_valid():
            percentage, seen = confirmed.cleaned_data["percentage"], confirmed.cleaned_data["seen"]
            act = partial(publication.raise_rollout, update, percentage, by=request.user, at=clock.now(), seen=seen)
            done = _("It is rolled out to %(percentage)s%%.") % {"percentage": percentage}
            return self._do(request, update, Act.ROLLED_OUT, act, done, rollout_percentage=percentage)
        if not update.published_at:
            return self.refused(request, update, _("The percentage of a draft is edited, not raised."))
        typed = request.POST or request.GET
        form = PercentageForm(typed if "percentage" in typed else None)
        context: dict[str, Any] = {"form": form}
        if _is_possible(form, "percentage", partial(publication.check_rollout, update)):
            context = _rolling_out(update, form.cleaned_data["percentage"])
        return self.page(request, update, "roll_out", _("Roll out further"), context=context)

    @method_decorator(require_http_methods(METHODS))
    def last_day_view(self, request: SignedInRequest, version: str) -> HttpResponse:
        """Ask to what day the last day is to be moved, say who would be let through, and do it."""
        update, at = self.acted_on_by(request, version), clock.now()
        can_tell = reach.is_asked(update, at)
        move = MoveForm(request.POST, can_tell=can_tell) if request.method == "POST" else None
        if move is not None and move.is_valid():
            return self._move(request, update, move, at)
        if not update.published_at:
            return self.refused(request, update, _("The last day of a draft is edited, not moved."))
        typed = request.POST if move else request.GET
        form = LastDayForm(typed if "last_day" in typed else None)
        context: dict[str, Any] = {"form": form}
        if _is_possible(form, "last_day", partial(publication.check_last_day, update, at=at)):
            last_day = form.cleaned_data["last_day"]
            initial = {"last_day": last_day, "seen": publication.fingerprint(update)}
            form = move or MoveForm(initial=initial, can_tell=can_tell)
            context = {"form": form, "can_tell": can_tell, **_moving(update, last_day, at)}
        return self.page(request, update, "last_day", _("Move the last day"), context=context)

    def _move(self, request: SignedInRequest, update: PolicyUpdate, form: MoveForm, at: datetime) -> HttpResponse:
        typed = form.cleaned_data
        act = partial(publication.move_last_day, update, by=request.user, at=at, **typed)
        # A second click sends the same; who has mended what they wrote means something else.
        asked = {name: typed[name] for name in ("last_day", "reason", "tells_people")}
        response = self._do(request, update, Act.LAST_DAY_MOVED, act, _("The last day has moved."), **asked)
        if typed["tells_people"]:
            # What is not due is not sent: if nothing was moved, nothing goes out.
            send(send_reminders)
        return response

    def _do(
        self,
        request: SignedInRequest,
        update: PolicyUpdate,
        kind: Act,
        act: Callable[[], object],
        done: str,
        **asked: object,
    ) -> HttpResponse:
        """Do an act, and say on the page of the update what came of it."""
        try:
            act()
        except publication.NotPublishable as not_done:
            for problem in not_done.problems:
                messages.error(request, problem)
        except publication.CannotChange as not_done:
            last = update.acts.filter(kind=kind, actor=request.user.principal, **asked).last()
            if last is None or last != update.acts.last():
                return self.refused(request, update, str(not_done.message))
            # The second click: what it asks for is done.
            messages.success(request, done)
        else:
            messages.success(request, done)
        return redirect(address_of(update))


def _seen_form(update: PolicyUpdate) -> SeenForm:
    return SeenForm(initial={"seen": publication.fingerprint(update)})


def _rolling_out(update: PolicyUpdate, percentage: int) -> dict[str, Any]:
    """Return what rolling out to a percentage would do, and the form that does it."""
    initial = {"percentage": percentage, "seen": publication.fingerprint(update)}
    at = clock.now()
    is_current = at < update.announced_at or (at < update.deadline and reach.is_asked(update, at))
    asks = update.is_material and is_current
    more = reach.newly_shown(update, percentage, at)
    return {"asked": percentage, "more": more, "asks": asks, "form": RollOutForm(initial=initial)}


def _moving(update: PolicyUpdate, last_day: date, at: datetime) -> dict[str, Any]:
    """Return what moving the last day would do. It stops nobody: once it was shown, it only moves to later days."""
    gated_now, gated_then = (reach.gated(at, update, day).count() for day in (update.last_day, last_day))
    return {
        "asked": PolicyUpdate(last_day=last_day),
        "released": max(gated_now - gated_then, 0),
        "undecided": reach.there_before(reach.undecided(update), update).count(),
        "is_announced": at >= update.announced_at,
        "reminded": update.letters.filter(days__isnull=False, sent_at__isnull=False).count(),
    }


def _is_possible(form: Form, field: str, check: Callable[[Any], None]) -> bool:
    """Return whether what was asked for can be done; the form says what is wrong with it."""
    if not form.is_bound or not form.is_valid():
        return False
    try:
        check(form.cleaned_data[field])
    except publication.CannotChange as not_done:
        form.add_error(field, str(not_done.message))
        return False
    return True
