"""What pages of conversations say in words of their own."""

from django import template

from conversations.badge import use_in_words
from conversations.markdown import as_html

register = template.Library()
register.filter("use_in_words", use_in_words)
register.filter("as_html", as_html)
