"""Addresses of the question and of what one has answered."""

from django.urls import path

from privacy import reminder_views, views

app_name = "privacy"

urlpatterns = [
    path("question/", views.question, name="question"),
    path("answer/", views.answer, name="answer"),
    path("not-now/", views.not_now, name="not_now"),
    path("settings/", views.settings, name="settings"),
    path("history/", views.history, name="history"),
    path("receipts/<uuid:receipt>/", views.receipt, name="receipt"),
    path("receipts/<uuid:receipt>.json", views.receipt_json, name="receipt_json"),
    path("reminders/", reminder_views.reminders, name="reminders"),
    path("reminders/stop/", reminder_views.stop, name="stop_reminders"),
    path("reminders/resume/", reminder_views.resume, name="resume_reminders"),
    path("unsubscribe/<str:token>/", reminder_views.unsubscribe, name="unsubscribe"),
]
