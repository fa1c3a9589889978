"""The demo: a page on this machine that asks a finished run's networks about films. Research use only."""
