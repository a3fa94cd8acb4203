"""Chinese dates without leading zeros: Django's own would head a day in a list with "08月28日"."""

MONTH_DAY_FORMAT = "n月j日"
