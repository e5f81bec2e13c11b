"""From an archive of articles to a table of stances."""
