"""The regime nearest to a start in which a claim fails, found, made readable and confirmed."""
