"""Addresses of conversations."""

from django.urls import path

from conversations import views

app_name = "conversations"

urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.start, name="start"),
    path("overview/", views.overview, name="overview"),
    path("<uuid:pk>/", views.chat, name="chat"),
    path("<uuid:pk>/write/", views.write, name="write"),
]
