"""Addresses of what people see of training runs."""

from django.urls import path

from training import views

app_name = "training"

urlpatterns = [
    path("", views.runs, name="runs"),
]
