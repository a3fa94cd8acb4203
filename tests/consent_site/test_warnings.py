"""What is deprecated is an error, so that nothing stands between this site and the next Django."""

import warnings

import pytest
from django.utils.deprecation import RemovedAfterNextVersionWarning, RemovedInNextVersionWarning


@pytest.mark.parametrize(
    "category",
    [DeprecationWarning, PendingDeprecationWarning, RemovedInNextVersionWarning, RemovedAfterNextVersionWarning],
)
def test_deprecation_is_an_error(category: type[Warning]) -> None:
    with pytest.raises(category):
        warnings.warn("This will go away.", category, stacklevel=1)
