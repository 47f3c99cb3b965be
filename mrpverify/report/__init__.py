"""What people and scripts read: text and JSON."""
