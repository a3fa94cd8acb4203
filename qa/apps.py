"""QA's tools. Installed only where `QA_TOOLS` is on, which production refuses; nothing imports them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QaConfig(AppConfig):
    """Personas, a clock for one browser, and every screen by a link."""

    name = "qa"
    verbose_name = _("QA tools")

    def ready(self) -> None:
        """Leave QA's pages open to the gated, and let no task see the clock of the browser that set it off."""
        from celery.signals import task_postrun, task_prerun

        from privacy import exemptions
        from qa import product_time

        exemptions.leave_open("qa")
        task_prerun.connect(product_time.leave, dispatch_uid="qa.clock")
        task_postrun.connect(product_time.come_back, dispatch_uid="qa.clock")
