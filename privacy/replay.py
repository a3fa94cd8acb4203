"""Where a person stands, told from their records alone.

Written apart from the actions that keep the state, so that each proves the other.
"""

from datetime import timedelta

from privacy.ledger import GENESIS
from privacy.models import ConsentRecord, ConsentState, Kind, PolicyUpdate, Training

# What replaying must give, column by column, in the order in which a difference is named.
REPLAYED = (
    "chain_length",
    "chain_head",
    "training",
    "answered_update_id",
    "terms_update_id",
    "last_receipt",
    "allowed_since",
    "deferral_update_id",
    "deferrals",
)


class Replay:
    """One person's records, taken one after the other.

    `state` is an unsaved row with what they amount to. Its `deferred_until` is the latest instant "Not now" can
    hold until: the last day that cuts it short may have been another one then.
    """

    def __init__(self, updates: dict[str, PolicyUpdate]) -> None:
        self.updates = updates
        self.state = ConsentState()

    def break_before(self, record: ConsentRecord) -> str:
        """Return why a record can't come next, or an empty text if it does."""
        length, head = self.state.chain_length, self.state.chain_head or GENESIS
        if record.sequence != length + 1:
            return f"it follows number {length}" if length else "the chain starts with it"
        if record.previous_hash != head:
            return f"its previous hash is not that of number {length}" if length else "it names a hash before the first"
        if record.kind in _PREVIOUS and record.previous_value != _PREVIOUS[Kind(record.kind)](self.state):
            return "its previous value is not what the records before it amount to"
        return ""

    def take(self, record: ConsentRecord) -> None:
        """Add a record. One that breaks the chain is where it goes on from."""
        self.state.chain_length, self.state.chain_head = record.sequence, record.hash
        if record.kind == Kind.DEFERRED:
            self._defer(record)
        elif record.kind == Kind.TERMS_ACCEPTED:
            self.state.terms_update_id, self.state.last_receipt = record.update_id, record.receipt
        elif record.kind != Kind.SHOWN:
            self._choose(record)

    def pass_over(self, record: ConsentRecord) -> None:
        """Go on after a record that was changed: it keeps its place, and what it says counts for nothing."""
        self.state.chain_length += 1
        self.state.chain_head = record.hash

    def difference(self, state: ConsentState) -> str:
        """Return in what a person's state row differs from their records, or an empty text."""
        for name in REPLAYED:
            told, there = getattr(self.state, name), getattr(state, name)
            if there != told:
                return f"{name} is {there!s:.64} where the records say {told!s:.64}"
        until, latest = state.deferred_until, self.state.deferred_until
        if (until is None) != (latest is None) or (until and latest and until > latest):
            return f"deferred_until is {until} where the records allow {latest}"
        return ""

    def _defer(self, record: ConsentRecord) -> None:
        state = self.state
        earlier = state.deferrals if state.deferral_update_id == record.update_id else 0
        state.deferral_update_id, state.deferrals = record.update_id, earlier + 1
        days = self.updates[record.update_id].deferral_days(earlier)
        state.deferred_until = record.occurred_at + timedelta(days=days)

    def _choose(self, record: ConsentRecord) -> None:
        state = self.state
        if record.new_value != Training.ALLOW:
            state.allowed_since = None
        elif state.training != Training.ALLOW:
            state.allowed_since = record.occurred_at
        state.training, state.answered_update_id = record.new_value, record.update_id
        state.last_receipt = record.receipt


def _training(state: ConsentState) -> str:
    return state.training


def _terms(state: ConsentState) -> str:
    return state.terms_update_id or ""


# What the previous value of each kind of record is of.
_PREVIOUS = {
    Kind.TERMS_ACCEPTED: _terms,
    Kind.TRAINING_ALLOWED: _training,
    Kind.TRAINING_REFUSED: _training,
    Kind.TRAINING_WITHDRAWN: _training,
}
