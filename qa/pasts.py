"""The pasts of personas: what each has done by the instant it is met at."""

from collections.abc import Callable
from datetime import datetime, timedelta

from privacy.models import Training
from qa.lives import Life

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def nothing(_life: Life, _at: datetime) -> None:
    """Do nothing."""


def talked(life: Life, at: datetime) -> None:
    """Have had a chat and a coding session."""
    at = min(at, life.update.deadline)  # The gated can't write any more.
    life.chat("Plan a weekend hike with me.", at=at - 2 * HOUR)
    life.code("Why does this test fail on Mondays?", at=at - HOUR, workspace="trail-planner")


def talked_in_chinese(life: Life, at: datetime) -> None:
    """Have had the same in Chinese."""
    life.chat("帮我想一个周末徒步的计划。", at=at - 2 * HOUR)
    life.code("为什么这个测试每逢周一就失败？", at=at - HOUR, workspace="徒步规划")


def deferred(times: int) -> Callable[[Life, datetime], None]:
    """Have put the question off so many times, each as soon as it came again."""

    def live(life: Life, at: datetime) -> None:
        talked(life, at)
        first = life.update.announced_at + HOUR
        days = [sum(map(life.update.deferral_days, range(earlier))) for earlier in range(times)]
        for day in days:
            life.put_off(at=first + day * DAY + HOUR)

    return live


def answered(training: Training, *, terms: bool = True) -> Callable[[Life, datetime], None]:
    """Have answered on the first day."""

    def live(life: Life, at: datetime) -> None:
        life.chat("Which trees grow above the tree line?", at=life.update.announced_at - DAY)
        life.answer(training, terms=terms, at=life.update.announced_at + HOUR)
        talked(life, at)

    return live


def changed_twice(life: Life, at: datetime) -> None:
    """Have allowed, refused and allowed again, with a chat from each time."""
    start = life.update.announced_at
    life.chat("Written before any answer, and left alone", at=start - 2 * DAY)
    resumed = life.chat("Written before any answer, and resumed at the end", at=start - DAY)
    life.answer(Training.ALLOW, at=start + DAY)
    life.chat("Written while training was allowed", at=start + 2 * DAY)
    life.answer(Training.REFUSE, at=start + 3 * DAY)
    life.chat("Written while training was refused", at=start + 4 * DAY)
    life.answer(Training.ALLOW, at=start + 5 * DAY)
    life.chat("Written since training is allowed again", at=start + 6 * DAY)
    life.resume(resumed, "One more thing.", at=at - HOUR)


def private(life: Life, at: datetime) -> None:
    """Have a private chat, and allow."""
    life.answer(Training.ALLOW, at=life.update.announced_at + HOUR)
    life.chat("A letter that is nobody else’s business", at=at - HOUR, private=True)


def excluded(life: Life, at: datetime) -> None:
    """Have excluded one of three conversations, and allow."""
    life.answer(Training.ALLOW, at=life.update.announced_at + HOUR)
    excluded = life.chat("What did the doctor mean?", at=at - 3 * HOUR)
    talked(life, at)
    life.exclude(excluded, at=at - MINUTE)


def rated(life: Life, at: datetime) -> None:
    """Have given feedback, and allow."""
    life.answer(Training.ALLOW, at=life.update.announced_at + HOUR)
    rated = life.chat("How far is it to the hut? Write to anna@example.com.", at=at - 2 * HOUR)
    life.rate(rated, "It did not say how far.", at=at - HOUR)


def deleted(life: Life, at: datetime) -> None:
    """Have deleted a chat a minute ago, and allow."""
    life.answer(Training.ALLOW, at=life.update.announced_at + HOUR)
    talked(life, at)
    life.delete(life.chat("Forget this one", at=at - HOUR), at=at - 2 * MINUTE)
