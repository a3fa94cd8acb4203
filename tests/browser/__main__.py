"""`python -m tests.browser` takes pictures: see `pictures.py`. Time stops before what asks for it is loaded."""

import logging
import os

import django

from tests.browser.still import hold_still

hold_still("visitors")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
# That each task has ended well is not what the command says.
logging.getLogger("celery").setLevel(logging.ERROR)

from tests.browser.pictures import main  # noqa: E402 - it loads the models

main()
