"""The theory's own scaling in k as claims: how its statements sharpen as k grows (laws2, SC)."""
