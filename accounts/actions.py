"""What changes an account."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from accounts.effects import became_ineligible
from accounts.models import Plan, PlanChange, User


class AccountClosed(PermissionDenied):
    """The account was deleted while its person was doing something; nothing was done."""


def lock_user(user: User) -> User:
    """Return the account, re-read and locked until the transaction ends. Raises AccountClosed if it was deleted.

    Whatever a person does begins here, so nothing of theirs is written after their account has been erased.
    """
    locked = lock_account(user)
    if locked.closed_at is not None:
        raise AccountClosed
    return locked


def lock_account(user: User) -> User:
    """Return the account, deleted or not, re-read and locked until the transaction ends.

    Everything that races for one person (two tabs, two devices) meets at this lock. On SQLite the transaction
    itself is the lock (`transaction_mode=IMMEDIATE`). Raises TransactionManagementError outside of one, which
    PostgreSQL does by itself and SQLite would pass over in silence.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("lock_account() protects a transaction and needs one.")
    return User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)


def lock_everyone() -> None:
    """Wait until every act under way is committed, and let none begin until this transaction ends.

    For moments only: signing in waits too. On SQLite the transaction itself is that lock.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("lock_everyone() protects a transaction and needs one.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # What `lock_account` takes, it takes in ROW SHARE mode, which this one shuts out.
            cursor.execute(f"LOCK TABLE {User._meta.db_table} IN EXCLUSIVE MODE")


@transaction.atomic
def change_plan(user: User, plan: Plan, *, at: datetime) -> PlanChange:
    """Put someone on another plan from `at` on, and return the row that says so. Whatever sells plans calls it."""
    locked = lock_user(user)
    locked.plan = plan
    if locked.is_consumer and locked.joined_at is None:
        locked.joined_at = at
    locked.save(update_fields=["plan", "joined_at"])
    user.plan, user.joined_at = locked.plan, locked.joined_at
    if not locked.is_consumer:
        became_ineligible(locked)
    return locked.plan_changes.create(plan=plan, at=at)
