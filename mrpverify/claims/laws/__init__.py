"""The derived laws L1 to L16 as claims that can be refuted, one file per law."""
