"""What of people's accounts staff do not get to see or change.

allauth registers its own tables, and with them the secrets of second factors: whoever can add an address or an
authenticator to an account can become its person, and so answer for them (rule F3).
"""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin

for model in (EmailAddress, Authenticator, UserSession):
    admin.site.unregister(model)
