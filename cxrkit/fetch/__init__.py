"""Public sets of films, fetched because somebody asked for one by name: nothing else in the kit fetches any."""
