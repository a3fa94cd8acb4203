"""`python -m tests.browser` takes pictures: see `pictures.py`. Time stops before what asks for it is loaded."""

import os

import django

from tests.browser.still import hold_still

hold_still("visitors")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from tests.browser.pictures import main  # noqa: E402 - it loads the models

main()
