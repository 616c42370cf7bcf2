"""Payment cryptography on clear keys and PINs: only the HSM, terminals and tests may hold those. Pure."""
