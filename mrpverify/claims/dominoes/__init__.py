"""Claims on real pictures with known views (docs/dominoes.md), one file per claim."""
