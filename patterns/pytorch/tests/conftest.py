import pytest
import torch

# The tensors are small: more threads would wait for each other.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)
