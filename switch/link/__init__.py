"""Links: TCP connections moved by one reactor task, listening, dialling, deadlines. Knows frames, not messages."""
