"""Claims over a grid of regimes: ``python -m mrpverify.sweep experiments/NAME.toml``."""
