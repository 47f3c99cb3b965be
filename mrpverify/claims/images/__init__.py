"""Claims about real images and real networks; they run when named, never under ``all``."""
