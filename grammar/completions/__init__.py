"""Shortest completions: what would end the text of a matcher soonest."""
