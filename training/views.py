"""What a person sees of training runs: which hold something of theirs (rule E3)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import clock
from accounts.http import SignedInRequest
from training.holdings import runs_with_something_of


@require_safe
def runs(request: SignedInRequest) -> HttpResponse:
    """List the runs that hold a conversation of someone's, deleted ones included, the latest first."""
    return render(request, "training/runs.html", {"runs": runs_with_something_of(request.user, clock.now())})
