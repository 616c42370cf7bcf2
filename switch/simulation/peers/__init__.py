"""The counterparties of the simulated world: terminals, hosts and an HSM. They share messages with the switch only."""
