"""QA's pages. They are open to the signed-out and the gated; each act is a POST, so that no link signs anyone in."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import clock
from conversations.models import Conversation
from privacy.models import ConsentRecord, ConsentState
from qa import mail
from qa.browser import Browser, Theme
from qa.flow_map import FLOW_MAP, SCREENS
from qa.forms import ClockForm, LookForm, OpeningForm
from qa.looking import is_changed, raw_row, reason_if_it_counted
from qa.making import AddressTaken, reset
from qa.openings import Opening, PersonaMissing, sign_in
from qa.personas import PERSONAS, NothingAsked, Persona, asked_update, persona_of
from qa.presets import PRESETS, presets
from qa.product_time import product_time

LATEST = 20
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def _where_seeded(view: View[P]) -> View[P]:
    """Say what to do where there are no personas yet, or one of them has gone."""

    @wraps(view)
    def told(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NothingAsked:
            return render(request, "qa/not_seeded.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
        except PersonaMissing as missing:
            messages.error(request, _("This persona has no account any more: reset it first."))
            return redirect("qa:persona", missing.persona.slug)
        except AddressTaken as taken:
            words = _("%(address)s is the address of an ordinary account: give that another, or delete it.")
            messages.error(request, words % {"address": taken.persona.email})
            return redirect("qa:persona", taken.persona.slug)

    return told


def _persona_named(slug: str | None) -> Persona:
    if slug not in PERSONAS:
        raise Http404
    return PERSONAS[slug]


@login_not_required
@require_safe
@_where_seeded
def index(request: HttpRequest) -> HttpResponse:
    """Show the clock, the look, and every persona."""
    return _index(request, ClockForm(initial={"at": Browser.of(request).at}))


def _index(request: HttpRequest, form: ClockForm, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    update, browser = asked_update(), Browser.of(request)
    context = {
        "browser": browser,
        "clock_for": browser.clock_for(request.user),
        "form": form,
        "now": clock.now(),
        "persona": persona_of(request.user),
        "personas": [(persona, persona.instant()) for persona in PERSONAS.values()],
        "presets": presets(update),
        "themes": Theme,
        "update": update,
    }
    return render(request, "qa/index.html", context, status=status)


@login_not_required
@require_POST
@_where_seeded
def become(request: HttpRequest) -> HttpResponse:
    """Sign in as a persona, at the instant of its state."""
    chosen = _persona_named(request.POST.get("persona"))
    theme = Browser.of(request).theme
    return Opening(chosen, chosen.instant(), "", theme, lambda _user: chosen.home).begin(request)


@login_not_required
@require_POST
@_where_seeded
def set_clock(request: HttpRequest) -> HttpResponse:
    """Move the clock of this browser: to a preset, or to any instant."""
    name = request.POST.get("preset")
    if name in PRESETS:
        at: datetime | None = PRESETS[name].instant(asked_update())
    else:
        form = ClockForm(request.POST)
        if not form.is_valid():
            return _index(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)
        at = form.cleaned_data["at"]
    response = redirect("qa:index")
    Browser(at, Browser.of(request).theme).keep(response)
    return response


@login_not_required
@require_POST
def set_look(request: HttpRequest) -> HttpResponse:
    """Force light or dark in this browser, or leave it to the system."""
    form = LookForm(request.POST)
    response = redirect("qa:index")
    if form.is_valid():
        Browser(Browser.of(request).at, Theme(form.cleaned_data["theme"])).keep(response)
    return response


@login_not_required
@require_POST
@_where_seeded
def reset_persona(request: HttpRequest) -> HttpResponse:
    """Give a persona a fresh account; who was that persona in this browser still is."""
    chosen = _persona_named(request.POST.get("persona"))
    was_here = persona_of(request.user) == chosen
    with product_time():  # It is QA that resets, not the persona at its instant.
        account = reset(chosen)
    if was_here:
        request.session.flush()
        sign_in(request, account)
    messages.success(request, _("Reset: %(persona)s.") % {"persona": chosen.title})
    return redirect("qa:persona", chosen.slug)


@login_not_required
@require_safe
@_where_seeded
def persona(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how a persona stands, row by row: the account, the consent state, conversations, records, mails."""
    shown = _persona_named(slug)
    account, at = shown.account(), clock.now()
    state = ConsentState.objects.filter(user=account).first() if account else None
    conversations = Conversation.objects.filter(user=account).with_kept_until().order_by("-last_message_at")
    records = ConsentRecord.objects.filter(principal=account.principal) if account else ConsentRecord.objects.none()
    context = {
        "account": raw_row(account, hide={"password"}) if account else [],
        "at": at,
        "conversations": conversations.annotate(kept_out=reason_if_it_counted(at)),
        "instant": shown.instant(),
        "is_changed": account is not None and is_changed(shown, account),
        "mails": mail.sent(to=account.email if account else shown.email),
        "records": records.order_by("-sequence")[:LATEST],
        "shown": shown,
        "state": raw_row(state) if state else [],
    }
    return render(request, "qa/persona.html", context)


@login_not_required
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """Show the mails sent to addresses that are nobody's."""
    is_kept = settings.EMAIL_BACKEND == "qa.mail.EmailBackend"
    return render(request, "qa/mails.html", {"is_kept": is_kept, "mails": mail.sent()})


@login_not_required
@require_safe
@_where_seeded
def flow_map(request: HttpRequest) -> HttpResponse:
    """List every screen and state, each with what opens it in every language and look."""
    update = asked_update()
    words = request.GET.get("q", "").casefold().split()
    groups = [
        (title, [(screen, screen.instant(update)) for screen in screens if screen.is_called(words)])
        for title, screens in FLOW_MAP
    ]
    looks = render_to_string("qa/_looks.html", {"languages": settings.LANGUAGES, "themes": [Theme.LIGHT, Theme.DARK]})
    found = [(title, screens) for title, screens in groups if screens]
    return render(request, "qa/flow_map.html", {"groups": found, "looks": looks, "q": request.GET.get("q", "")})


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@_where_seeded
def open_screen(request: HttpRequest, screen: str = "") -> HttpResponse:
    """Say what a link opens, with one button; open it when that is pressed, or if nothing would change.

    A link alone must not change who is signed in: it may stand in a mail, be fetched ahead by a browser, or be put into
    the page of another site, and whoever is at the browser may be an ordinary account in the middle of something.
    """
    listed = SCREENS.get(screen)
    if screen and listed is None:
        raise Http404
    form = OpeningForm(request, listed)
    if not form.is_valid():
        return render(request, "qa/open.html", {"form": form}, status=HTTPStatus.BAD_REQUEST)
    opening, wish = form.opening(), request.POST.get("changed")
    if opening.persona and wish == "reset":
        with product_time():
            reset(opening.persona)
    # A listed screen promises a state, which a tester may have led its persona out of.
    has_moved_on = listed is not None and not wish and opening.is_changed
    if request.method == "POST" and not has_moved_on:
        return opening.begin(request)
    path = opening.path()
    if opening.is_here(request) and not has_moved_on:
        return redirect(path)
    context = {
        "form": form,
        "is_changed": has_moved_on,
        "language": dict(settings.LANGUAGES).get(opening.language),
        "opening": opening,
        "path": path,
        "screen": listed,
        "with": request.POST.get("with", ""),
    }
    return render(request, "qa/open.html", context)
