"""Addresses of conversations."""

from django.urls import path

from conversations import chat_views, feedback_views, views
from conversations.models import ConversationKind

app_name = "conversations"

CHAT = {"kind": ConversationKind.CHAT}
CODING = {"kind": ConversationKind.CODING_SESSION}

urlpatterns = [
    path("", views.index, CHAT, name="index"),
    path("new/", chat_views.start, CHAT, name="start"),
    path("code/", views.index, CODING, name="coding"),
    path("code/new/", chat_views.start, CODING, name="start_coding"),
    path("overview/", views.overview, CHAT, name="overview"),
    path("overview/code/", views.overview, CODING, name="overview_coding"),
    path("feedback/", feedback_views.index, name="feedback"),
    path("feedback/<int:number>/", feedback_views.given, name="given_feedback"),
    path("feedback/<int:number>/delete/", feedback_views.delete, name="delete_feedback"),
    path("<uuid:pk>/", chat_views.chat, name="chat"),
    path("<uuid:pk>/write/", chat_views.write, name="write"),
    path("<uuid:pk>/reply/", chat_views.reply, name="reply"),
    path("<uuid:pk>/rename/", views.rename, name="rename"),
    path("<uuid:pk>/exclude/", views.exclude, name="exclude"),
    path("<uuid:pk>/lift-exclusion/", views.lift, name="lift_exclusion"),
    path("<uuid:pk>/delete/", views.delete, name="delete"),
    path("<uuid:pk>/undo-delete/", views.undo_delete, name="undo_delete"),
    path("<uuid:pk>/replies/<int:number>/feedback/", feedback_views.give, name="give_feedback"),
]
