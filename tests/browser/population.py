"""A few hundred people for a picture of the roll-out: who was asked when, put it off how often, and answered what."""

import random
from datetime import datetime, timedelta

from accounts.models import Plan, User
from privacy.counting import count_all, count_due
from privacy.models import Training
from privacy.standing import Prompt, standing_of
from tests.factories import ANNOUNCED, LONG_BEFORE, VERSION, answer_as, defer_as, make_user

PEOPLE = 240
PLANS = (Plan.FREE, Plan.PRO, Plan.MAX, Plan.TEAM)
# How likely someone is to come by on a day, and what they do then: as many refuse as allow.
COMES_BY = 0.14
DOES = ("allow", "refuse", "not now")
DAY = timedelta(days=1)


def populate(*, until: datetime) -> None:
    """Make them, live through the days since the announcement, and count everyone."""
    chance = random.Random(VERSION)
    people = [make_person(number, chance) for number in range(PEOPLE)]
    day = ANNOUNCED
    while day < until - DAY:
        for user in people:
            if chance.random() < COMES_BY:
                come_by(user, chance.choices(DOES, (5, 5, 6))[0], at=day + chance.random() * DAY)
        day += DAY
    for _counted in count_all(anew=True):
        pass
    while count_due():
        pass


def make_person(number: int, chance: random.Random) -> User:
    """Make one of them, on a plan and with a language."""
    plan = chance.choices(PLANS, (6, 3, 1, 1))[0]
    language = chance.choices(("en", "zh-hans"), (3, 1))[0]
    return make_user(f"{number}@example.com", plan=plan, language=language, joined_at=LONG_BEFORE)


def come_by(user: User, does: str, *, at: datetime) -> None:
    """Open the app: whoever sees the pop-up answers it or puts it off."""
    if standing_of(user, at).prompt is not Prompt.POP_UP:
        return
    if does == "not now":
        defer_as(user, at=at)
    else:
        answer_as(user, Training(does), at=at, language=user.language)
