"""What the tests of graphs share."""

import gc

import pytest


@pytest.fixture
def collector_off():
    """A million vertices hold no cycles; walking them again and again would be most of a test's time."""
    gc.disable()
    yield
    gc.enable()
