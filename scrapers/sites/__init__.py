"""What the pages of each site say: parsing only, no network."""
