"""Figures of what was seen on real images, for the report and for ``paper_figures``.

Every ``draw`` returns the figure and the drawn numbers as rows of one CSV table.
Claims import them where they draw: where nothing is drawn, no drawing library is needed.
"""
