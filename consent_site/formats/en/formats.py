"""English dates as a letter writes them: Django's own would say "Sept. 28, 2025"."""

DATE_FORMAT = "F j, Y"
DATETIME_FORMAT = "F j, Y, g:i a"
