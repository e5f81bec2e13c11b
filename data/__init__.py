"""What an article, an actor, a pair and a label are, and the labelled data."""
