"""Figures of real images that claims show in their report, drawn by ``mrpverify figures`` too.

Every ``draw`` returns the figure and the drawn numbers as rows of one CSV table.
Claims import them where they draw: where nothing is drawn, no drawing library is needed.
"""
