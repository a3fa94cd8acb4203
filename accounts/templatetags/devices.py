"""`{{ session.user_agent|device_name }}`: a device by the name its owner knows it by."""

from django import template

from accounts.devices import device_name

register = template.Library()
register.filter("device_name", device_name)
