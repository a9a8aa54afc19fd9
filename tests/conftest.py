"""Fixtures shared by all tests."""

from pathlib import Path

import pytest
import torch

# Tests often run beside other work; threads that wait for a busy core cost more than they bring.
torch.set_num_threads(1)

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real recordings and reference facts beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"real recordings are not here: {SHARED} does not exist")
    return SHARED
