"""Training runs in the admin: what there is of each, and a page for everything that staff do to one (rules E1 and G3).

Nothing is edited here. A run is changed by the actions alone, each of which is recorded; the stock forms would go
around them, so they have no address.
"""

import re
import uuid
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts import clock
from accounts.http import SignedInRequest
from accounts.staff_lists import StaffList, as_uuid
from training import actions, problems
from training.acts import ACTS, Act, FilesLeft, Stale, check_seen, is_done_by, possible_for
from training.forms import ActForm, CreateForm, MoveForm
from training.models import Purpose, Shard, TrainingRun
from training.overview import Overview
from training.steps import UnderWay

FOLDER = "admin/training/trainingrun"


@admin.register(TrainingRun)
class TrainingRunAdmin(StaffList):
    """The runs, the page of each, and what can be done."""

    change_list_template = "admin/training/trainingrun/change_list.html"
    list_display = ("__str__", "state", "purpose", "frozen", "conversations", "files_written")
    list_filter = ("state", "purpose")
    list_per_page = 50
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    show_facets = ShowFacets.ALLOW
    search_fields = ("id",)
    search_help_text = gettext_lazy("The id of a run.")
    csv_columns = (
        *("id", "created_at", "purpose", "state", "frozen_at", "filed_at", "destroyed_at"),
        *("in_it", "files", "written", "taken_out", "filter_version", "schema_version", "stopped_by"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether someone may make runs: who may move them."""
        return request.user.has_perm(actions.PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: TrainingRun | None = None) -> bool:
        """Return whether someone may see runs: who may move them has to."""
        return super().has_view_permission(request, obj) or self.has_add_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses: one for each act, and none of the stock forms."""
        view = self.admin_site.admin_view
        acts = [
            path(f"<uuid:pk>/{act.name}/", view(partial(self.act_view, act=act)), name=act.url_name) for act in ACTS
        ]
        return [
            path("", view(self.changelist_view), name="training_trainingrun_changelist"),
            self.csv_path,
            path("create/", view(self.create_view), name="training_trainingrun_add"),
            path("<uuid:object_id>/", view(self.change_view), name="training_trainingrun_change"),
            *acts,
        ]

    # The list

    def found_by(self, term: str) -> Q | None:
        """Find a run by its id, or by the beginning of it that its name has."""
        if key := as_uuid(term):
            return Q(pk=key)
        return Q(pk__startswith=term.lower()) if re.fullmatch("[0-9a-fA-F]{8}", term) else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingRun]:
        """Return the runs with what the list says of their files, in one query."""
        own = Shard.objects.filter(run=OuterRef("pk")).order_by().values("run")
        written = Count("pk", filter=Q(written_at__isnull=False))
        found: QuerySet[TrainingRun] = super().get_queryset(request)
        return found.annotate(
            in_it=Coalesce(Subquery(own.annotate(n=Sum("conversations")).values("n")), 0),
            files=Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0),
            written=Coalesce(Subquery(own.annotate(n=written).values("n")), 0),
        )

    @admin.display(description=gettext_lazy("manifest frozen"))
    def frozen(self, run: TrainingRun) -> str:
        """Return the day on which the manifest of a run was frozen."""
        return date_format(timezone.localtime(run.frozen_at), "DATE_FORMAT") if run.frozen_at else ""

    @admin.display(description=gettext_lazy("conversations"))
    def conversations(self, run: Any) -> str:
        """Return how many conversations are in a run of the list."""
        return f"{run.in_it:,}"

    @admin.display(description=gettext_lazy("conversations"))
    def in_it(self, run: Any) -> int:
        """Return how many conversations are in a run."""
        return int(run.in_it)

    @admin.display(description=gettext_lazy("files"))
    def files(self, run: Any) -> int:
        """Return how many files it has."""
        return int(run.files)

    @admin.display(description=gettext_lazy("files written until now"))
    def written(self, run: Any) -> int:
        """Return how many of them are written."""
        return int(run.written)

    @admin.display(description=gettext_lazy("files written"))
    def files_written(self, run: Any) -> str:
        """Return how many of its files are written."""
        if run.destroyed_at is not None:
            return _("destroyed")
        return _("%(written)s of %(files)s") % {"written": f"{run.written:,}", "files": f"{run.files:,}"}

    @admin.display(description=gettext_lazy("what stopped it"))
    def stopped_by(self, run: TrainingRun) -> str:
        """Return what keeps files of a run from being written, in words."""
        return problems.in_words(run.problem)

    # The pages

    @method_decorator(require_safe)
    def change_view(
        self,
        request: HttpRequest,
        object_id: Any,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a run; to htmx only how far it is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(TrainingRun, pk=object_id)
        overview = Overview(run, at=clock.now(), page=request.GET.get("page"))
        may_move = self.has_add_permission(request)
        context = {"overview": overview, "acts": possible_for(run) if may_move and not overview.step else []}
        if request.headers.get("HX-Request"):
            context |= {"run": run, "is_fragment": True}
            return TemplateResponse(request, f"{FOLDER}/_progress.html", context)
        return self._page(request, "run", _("Training run %(run)s") % {"run": run}, context, run)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def create_view(self, request: SignedInRequest) -> HttpResponse:
        """Make a draft of a run."""
        actions.check_mover(request.user)
        form = CreateForm(request.POST) if request.method == "POST" else CreateForm(initial={"key": uuid.uuid4()})
        if form.is_valid():
            purpose, reason, key = (form.cleaned_data[name] for name in ("purpose", "reason", "key"))
            run = actions.create_run(request.user, Purpose(purpose), at=clock.now(), reason=reason, key=key)
            messages.success(request, _("The run is a draft. Nothing is in it until it is prepared."))
            return redirect(run)
        return self._page(request, "create", _("Create a training run"), {"form": form})

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def act_view(self, request: SignedInRequest, pk: uuid.UUID, *, act: Act) -> HttpResponse:
        """Say what an act does, and do it."""
        actions.check_mover(request.user)
        run = get_object_or_404(TrainingRun, pk=pk)
        form_class = MoveForm if act.leads_to else ActForm
        form = form_class(request.POST) if request.method == "POST" else None
        if form is not None and form.is_valid():
            self._do(request, run, act, form)
            return redirect(run)
        if not act.is_possible(run):
            messages.error(request, str(problems.WrongState.message))
            return redirect(run)
        overview = Overview(run, at=clock.now())
        context = {
            "act": act,
            "form": form or form_class(initial={"seen": overview.last_move}),
            "overview": overview,
        }
        return self._page(request, "act", str(act.title), context, run)

    def _do(self, request: SignedInRequest, run: TrainingRun, act: Act, form: ActForm) -> None:
        """Do an act, and say what came of it."""
        try:
            if is_done_by(act, run, request.user):
                # The second click: what it asks for is done.
                messages.success(request, str(act.done))
                return
            check_seen(run, form.cleaned_data["seen"])
            is_done = act.do(run, request.user, clock.now(), form.cleaned_data.get("reason", ""))
        except (Stale, UnderWay, FilesLeft) as not_done:
            messages.warning(request, str(not_done.message))
        except problems.PROBLEMS as problem:
            messages.error(request, problems.in_words(problems.note_of(problem)))
        else:
            self._say(request, run, act, is_done=is_done)

    def _say(self, request: SignedInRequest, run: TrainingRun, act: Act, *, is_done: bool | None) -> None:
        run.refresh_from_db()
        if is_done is False:
            messages.info(request, _("It is under way. This page says how far it is."))
        elif is_done and act.leads_to in (None, run.state):
            messages.success(request, str(act.done))
        # Else it was stopped, and the page says by what.

    def _page(
        self, request: HttpRequest, name: str, title: str, context: dict[str, Any], run: TrainingRun | None = None
    ) -> HttpResponse:
        common = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "run": run,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"{FOLDER}/{name}.html", common | context)
