"""Kaggle's stand-in and the real client, as the tests of kaggle_io have them."""

from tests.kaggle_io.conftest import isolated, kaggle, pauses, server, variables  # noqa: F401
