"""What a changed choice sets off in the other apps: each says so in `AppConfig.ready()`."""

import uuid
from collections.abc import Callable

# Each is called with the key of a `TrainingRefusal` once its answer has been committed, and may be called again.
on_refusal: list[Callable[[uuid.UUID], object]] = []
