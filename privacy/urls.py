"""Addresses of the question and of what one has answered."""

from django.urls import path

from privacy import views

app_name = "privacy"

urlpatterns = [
    path("question/", views.question, name="question"),
    path("answer/", views.answer, name="answer"),
    path("not-now/", views.not_now, name="not_now"),
    path("settings/", views.settings, name="settings"),
    path("history/", views.history, name="history"),
    path("receipts/<uuid:receipt>/", views.receipt, name="receipt"),
    path("receipts/<uuid:receipt>.json", views.receipt_json, name="receipt_json"),
]
