"""The derived laws L1 to L15 as claims that can be refuted, one file per law."""
