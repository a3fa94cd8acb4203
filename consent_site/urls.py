"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts import views as views_of_accounts
from consent_site import views

admin.autodiscover()
admin.site.site_header = admin.site.site_title = settings.PRODUCT_NAME
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth documents it

# The admin's own saves the whole row as it was read, which may undo that its account was switched off meanwhile, writes
# no letter, and leaves a session that the list of devices does not know.
admin.site.password_change = RedirectView.as_view(pattern_name="account_change_password")  # type: ignore[assignment, method-assign]  # as above

handler400 = "consent_site.views.bad_request"
handler403 = "consent_site.views.permission_denied"
handler404 = "consent_site.views.not_found"
handler500 = "consent_site.views.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("language/", views_of_accounts.language, name="language"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("accounts/", include("accounts.urls")),
    # Before allauth's own, which asks for nothing.
    path("accounts/password/set/", views_of_accounts.set_password, name="account_set_password"),
    path("accounts/", include("allauth.urls")),
    path("chats/", include("conversations.urls")),
    path("privacy/", include("privacy.urls")),
    path("training/", include("training.urls")),
    path("legal/", include("privacy.legal_urls")),
    path("admin/", admin.site.urls),
]
if settings.QA_TOOLS:
    urlpatterns.append(path("qa/", include("qa.urls")))
