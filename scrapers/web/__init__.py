"""The only way to the network: permission, robots.txt, pace, caps, address checks and cache."""
