"""How figures look: their style, their labels, means with intervals, and what is drawn."""
