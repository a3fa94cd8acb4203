"""Taking one's data, and deleting one's account: open to whoever the gate stops, too."""

import uuid

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import clock, exports, tasks
from accounts.forms import DeleteAccountForm
from accounts.http import SignedInRequest
from accounts.leaving import close_account
from accounts.models import DataExport


def _asks_to_download(request: HttpRequest) -> bool:
    return "download" in request.GET


# Whoever has to show first that it is them comes back to this page, and not to a file: a browser that is sent to one
# stays on the page it came from, which would go on asking for a password.
@require_safe
@reauthentication_required(enabled=_asks_to_download)  # type: ignore[untyped-decorator]  # allauth has no types
def data_export(request: SignedInRequest) -> HttpResponse:
    """Show how far someone's download is, let them ask for one, and begin it where they pressed for it."""
    own, at = DataExport.objects.filter(user=request.user).order_by("-requested_at"), clock.now()
    latest, ready = own.first(), own.filter(expires_at__gt=at).first()
    is_running = latest is not None and latest.is_running(at)
    is_there = ready is not None and exports.path_of(ready).exists()
    context = {
        "export": latest,
        "is_running": is_running,
        "has_failed": latest is not None and latest.finished_at is None and not is_running,
        "ready": ready if is_there else None,
        "begins": is_there and _asks_to_download(request),
        "streams": is_running,
    }
    template = "accounts/_export_state.html" if request.htmx else "accounts/data_export.html"
    return render(request, template, context)


@require_POST
def start_export(request: SignedInRequest) -> HttpResponse:
    """Have all that is held about someone written into a file."""
    at = clock.now()
    export = exports.request_export(request.user, at=at)
    if export.requested_at == at:
        tasks.send(tasks.write_export, str(export.pk))
    return redirect("accounts:data_export")


# An open session that someone else sits down at must not hand them a whole life.
@require_safe
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def export_file(request: SignedInRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Give someone the file, once they have shown that it is them."""
    export = get_object_or_404(DataExport, user=request.user, pk=pk)
    path = exports.path_of(export)
    if not (export.is_ready(clock.now()) and path.exists()):
        messages.error(request, _("That file is no longer there. You can have a new one written."))
        return redirect("accounts:data_export")
    name = f"{slugify(settings.PRODUCT_NAME)}-data-{export.requested_at:%Y-%m-%d}.json"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/json")


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def delete_account(request: SignedInRequest) -> HttpResponse:
    """Say what deleting the account does, and do it."""
    form = DeleteAccountForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "accounts/delete_account.html", {"form": form}, status=422 if form.is_bound else 200)
    close_account(request.user, at=clock.now())
    tasks.send(tasks.erase_account, str(request.user.principal))
    logout(request)
    return redirect("accounts:deleted")


@login_not_required
@require_safe
def deleted(request: HttpRequest) -> HttpResponse:
    """Say that the account is deleted, to nobody in particular; nobody else's is."""
    if request.user.is_authenticated:
        return redirect("home")
    return render(request, "accounts/deleted.html")
