"""The one door to the network: permission, robots.txt, pace, addresses, cache."""
