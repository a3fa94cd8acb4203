"""Addresses of the account that allauth does not have."""

from django.urls import path

from accounts import leaving_views, views

app_name = "accounts"

urlpatterns = [
    path("preferences/", views.preferences, name="preferences"),
    path("export/", leaving_views.data_export, name="data_export"),
    path("export/start/", leaving_views.start_export, name="start_export"),
    path("export/<uuid:pk>/", leaving_views.export_file, name="export_file"),
    path("delete/", leaving_views.delete_account, name="delete"),
    path("deleted/", leaving_views.deleted, name="deleted"),
]
