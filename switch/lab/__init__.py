"""The lab: a whole payment world on one machine, as separate processes over loopback TCP."""
