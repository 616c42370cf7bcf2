"""The emulated HSM: host commands, keys under the LMK, server, session and client."""
