"""Engines for structured generation behind one interface, each optional: what is not installed is reported as such."""
