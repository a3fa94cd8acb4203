"""What a changed choice sets off elsewhere: each app says so in `AppConfig.ready()`, since this one must not know it."""

import uuid
from collections.abc import Callable

# Each is called with the key of a `TrainingRefusal` once its answer has been committed, and may be called again.
on_refusal: list[Callable[[uuid.UUID], object]] = []
