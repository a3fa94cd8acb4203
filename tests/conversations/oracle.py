"""What the rules say of a conversation, told naively: the whole history is replayed at every question.

It shares no code with the product. Each rule it follows is named; nothing here is quick, or stored.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Happened:
    """Something that happened to a person (`conversation` is empty) or to one conversation of theirs."""

    what: str
    at: datetime
    conversation: str = ""
    value: str = ""


@dataclass(frozen=True)
class Update:
    """A material policy update."""

    version: str
    announced_at: datetime
    deadline: datetime
    years: int
    days: int
    is_narrow: bool


@dataclass
class Person:
    """Everything that happened to one person, in order."""

    updates: list[Update]
    history: list[Happened] = field(default_factory=list)

    def add(self, what: str, at: datetime, conversation: str = "", value: str = "") -> None:
        self.history.append(Happened(what, at, conversation, value))

    # The person

    def until(self, at: datetime) -> list[Happened]:
        return [event for event in self.history if event.at <= at]

    def plan(self, at: datetime) -> str:
        """A1: one plan at a time."""
        return next(event.value for event in reversed(self.until(at)) if event.what == "plan")

    def answers(self, at: datetime) -> list[Happened]:
        return [event for event in self.until(at) if event.what in {"allow", "refuse"}]

    def choice(self, at: datetime) -> str:
        """B6: silence decides nothing."""
        answers = self.answers(at)
        return answers[-1].what if answers else ""

    def period_began(self, at: datetime) -> datetime | None:
        """The present allow period: from an allow to the next refuse; repeating allow does not restart it."""
        began = None
        for answer in self.answers(at):
            if answer.what == "refuse":
                began = None
            elif began is None:
                began = answer.at
        return began

    def announced(self, at: datetime) -> list[Update]:
        return [update for update in self.updates if update.announced_at <= at]

    def governing(self, at: datetime) -> Update | None:
        """A4: meanwhile the old choice governs. Who has answered nothing is told the periods of the latest update."""
        answers = self.answers(at)
        if answers:
            return next(update for update in self.updates if update.version == answers[-1].value)
        return max(self.announced(at), key=lambda update: update.announced_at, default=None)

    def kept_days(self, at: datetime) -> timedelta:
        governing = self.governing(at)
        return timedelta(days=governing.days if governing else 30)

    def is_overdue(self, at: datetime) -> bool:
        """A4: from the new deadline on, an unanswered allow makes nothing eligible."""
        answered = self.answers(at)[-1].value
        order = [update.version for update in sorted(self.updates, key=lambda update: update.announced_at)]
        later = order[order.index(answered) + 1 :]
        return any(update.deadline <= at for update in self.announced(at) if update.version in later)

    # One conversation

    def of(self, conversation: str, at: datetime) -> list[Happened]:
        return [event for event in self.until(at) if event.conversation == conversation]

    def is_private(self, conversation: str, at: datetime) -> bool:
        return any(event.what == "started private" for event in self.of(conversation, at))

    def is_excluded(self, conversation: str, at: datetime) -> bool:
        acts = [event.what for event in self.of(conversation, at) if event.what in {"excluded", "lifted"}]
        return bool(acts) and acts[-1] == "excluded"

    def is_deleted(self, conversation: str, at: datetime) -> bool:
        acts = [event.what for event in self.of(conversation, at) if event.what in {"deleted", "undone"}]
        return bool(acts) and acts[-1] == "deleted"

    def deleted_at(self, conversation: str, at: datetime) -> datetime:
        return next(event.at for event in reversed(self.of(conversation, at)) if event.what == "deleted")

    def writings(self, conversation: str, at: datetime) -> list[Happened]:
        return [event for event in self.of(conversation, at) if event.what in {"started", "started private", "wrote"}]

    def is_covered(self, conversation: str, at: datetime) -> bool:
        """C3, and C5: an exclusion that was lifted counts again once the conversation is resumed."""
        began = self.period_began(at)
        if self.choice(at) != "allow" or began is None:
            return False
        if self.is_private(conversation, at) or self.is_excluded(conversation, at):
            return False
        lifted = [event.at for event in self.of(conversation, at) if event.what == "lifted"]
        since = max([began, *lifted])
        return any(event.at >= since for event in self.writings(conversation, at))

    def retention_date(self, conversation: str, at: datetime) -> datetime | None:
        """D1, event by event."""
        date: datetime | None = None
        for event in self.until(at):
            before = event.at - timedelta(microseconds=1)
            if event in self.writings(conversation, at):
                date = self.date_by_writing(conversation, event)
            elif date and self.ends_coverage(event, conversation) and self.is_covered(conversation, before):
                date = min(date, event.at + self.kept_days(event.at))
        return date

    def date_by_writing(self, conversation: str, event: Happened) -> datetime | None:
        if self.plan(event.at) not in {"free", "pro", "max"}:
            return None
        if not self.is_covered(conversation, event.at):
            return event.at + self.kept_days(event.at)
        governing = self.governing(event.at)
        assert governing
        day = event.at.day if (event.at.month, event.at.day) != (2, 29) else 28
        return event.at.replace(year=event.at.year + governing.years, day=day)

    @staticmethod
    def ends_coverage(event: Happened, conversation: str) -> bool:
        return event.what == "refuse" or (event.what == "excluded" and event.conversation == conversation)

    def is_stored(self, conversation: str, at: datetime) -> bool:
        """D1 and D2: what a purge, or the erasure of the account, has taken from storage."""
        for event in self.until(at):
            if event.what == "erased":
                return False
            if event.what == "purged" and self.writings(conversation, event.at):
                date = self.retention_date(conversation, event.at)
                gone = self.is_deleted(conversation, event.at) and self.deleted_at(
                    conversation, event.at
                ) <= event.at - timedelta(minutes=10)
                if gone or (date and date <= event.at):
                    return False
        return True

    def is_there(self, conversation: str, at: datetime) -> bool:
        """Whether its owner can read it, and write in it."""
        return not self.is_deleted(conversation, at) and self.is_kept(conversation, at)

    def is_kept(self, conversation: str, at: datetime) -> bool:
        date = self.retention_date(conversation, at)
        return (date is None or at < date) and self.is_stored(conversation, at)

    def can_be_undone(self, conversation: str, at: datetime) -> bool:
        """D2, for ten minutes; what is past its date by D1 does not come back."""
        if not self.is_deleted(conversation, at):
            return False
        return at < self.deleted_at(conversation, at) + timedelta(minutes=10) and self.is_kept(conversation, at)

    def reason(self, conversation: str, at: datetime) -> str:
        """E2: the first reason that applies."""
        date = self.retention_date(conversation, at)
        commercial = [event for event in self.writings(conversation, at) if not self.is_consumer(event.at)]
        began = self.period_began(at)
        checks = {
            "account_deleted": any(event.what == "left" for event in self.until(at)),
            "deleted": self.is_deleted(conversation, at),
            "expired": date is not None and date <= at,
            "commercial": not self.is_consumer(at) or bool(commercial),
            "private": self.is_private(conversation, at),
            "excluded": self.is_excluded(conversation, at),
            "never_answered": self.choice(at) == "",
            "overdue": bool(self.answers(at)) and self.is_overdue(at),
            "refused": self.choice(at) == "refuse",
            "not_resumed": began is not None and not self.is_covered(conversation, at),
        }
        return next((reason for reason, applies in checks.items() if applies), "")

    # Training runs

    def is_in_run(self, conversation: str, frozen_at: datetime, at: datetime) -> bool:
        """E1: what is eligible at the freeze, and at every instant since: nothing is put back."""
        if self.gave_less(frozen_at, at):
            return False
        moments = {frozen_at, at}
        for event in self.until(at):
            moments |= {event.at, event.at - timedelta(microseconds=1)}
        return not any(self.reason(conversation, moment) for moment in moments if frozen_at <= moment <= at)

    def gave_less(self, since: datetime, at: datetime) -> bool:
        """C1: an answer takes effect at once, also one that allows less than the one before (C3's narrower reading)."""
        answers = [event for event in self.answers(at) if event.at >= since]
        return any(
            self.is_narrow(answer.value) and not self.is_narrow(before.value)
            for answer in answers
            for before in self.answers(answer.at - timedelta(microseconds=1))[-1:]
        )

    def is_narrow(self, version: str) -> bool:
        return next(update.is_narrow for update in self.updates if update.version == version)

    def exported(self, conversation: str, frozen_at: datetime) -> list[str]:
        """C3: everything but what was written under *refuse*; by the narrower reading, only under *allow*."""
        governing = self.governing(frozen_at)
        assert governing
        left_out = {"refuse", ""} if governing.is_narrow else {"refuse"}
        written = self.writings(conversation, frozen_at)
        return [event.value for event in written if self.choice(event.at) not in left_out]

    def is_consumer(self, at: datetime) -> bool:
        return self.plan(at) in {"free", "pro", "max"}
