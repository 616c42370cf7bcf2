"""`switch-chaos`: real processes are killed, real connections disturbed, every book compared afterwards."""
