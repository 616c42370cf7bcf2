"""The whole world in one process under a virtual clock and a virtual network: every run is decided by its seed."""
