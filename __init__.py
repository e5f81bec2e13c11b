"""Detente: from an archive of news articles to a table of who stands how towards whom."""

__version__ = "0.1.0"
