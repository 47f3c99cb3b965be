"""The regime conditions as a claim of their own: no run is needed."""
