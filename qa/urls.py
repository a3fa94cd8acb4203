"""Addresses of QA's tools. They are there only where the tools are on."""

from django.urls import path

from qa import views

app_name = "qa"

urlpatterns = [
    path("", views.index, name="index"),
    path("become/", views.become, name="become"),
    path("clock/", views.set_clock, name="clock"),
    path("look/", views.set_look, name="look"),
    path("reset/", views.reset_persona, name="reset"),
    path("personas/<slug:slug>/", views.persona, name="persona"),
    path("mails/", views.mails, name="mails"),
    path("flow-map/", views.flow_map, name="flow_map"),
    path("open/", views.open_screen, name="open"),
    path("open/<slug:screen>/", views.open_screen, name="open_screen"),
]
