"""An ISO 8583 payment switch."""

__version__ = "0.1.0"
