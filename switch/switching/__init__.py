"""The engine joined to links, HSM and journal under trio."""
