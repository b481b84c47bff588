"""The report on a run: Markdown tables, one self-contained HTML page with plots, and the README's headline table.

``run.py`` reads a run, ``tables_*.py`` say what its tables hold, ``plot_*.py`` draw, ``pages.py`` puts it together.
"""
