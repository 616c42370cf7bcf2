"""A card network's node between acquirers and issuer hosts, in the style of Visa or Mastercard: a simulation."""

from switch.simulator.network.config import NodeConfig, NodeConfigError, load_config
from switch.simulator.network.node import serve

__all__ = ["NodeConfig", "NodeConfigError", "load_config", "serve"]
