"""Date formats where Django’s own are not what the pages should say."""
