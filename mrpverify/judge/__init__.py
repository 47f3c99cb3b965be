"""From numbers to verdicts: exact intervals, the six verdicts, exit codes."""
