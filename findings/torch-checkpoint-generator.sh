#!/usr/bin/env bash
# torch 2.15.0.
#
# torch.utils.checkpoint runs a part of a network again in the backward pass. It
# restores the random state, so that "checkpointed passes making use of RNG (through
# dropout for example) have deterministic output". It restores the global one only: a
# dropout that draws its mask from a torch.Generator of its own draws another mask the
# second time. Its gradients are those of values that the forward pass dropped, without
# an error, since the check of determinism compares shapes. A batch norm updates its
# statistics both times: after one batch of mean 2 its running mean is 0.38, not 0.20.
#
# What follows: doc/pytorch.md says so where it speaks of checkpoints. The package in
# patterns/pytorch draws its masks from the step and the place, the same ones in both
# passes; its test_checkpoint holds that.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 numpy==2.4.6
cat > train.py <<'PYTHON'
import torch
from torch.utils.checkpoint import checkpoint


class Dropout(torch.nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def forward(self, x):
        keep = torch.bernoulli(torch.full_like(x, 0.5), generator=self.generator)
        return 2 * x * keep


for name, generator in ("global", None), ("own", torch.Generator()):
    for reentrant in False, True:
        x = torch.ones(1000, requires_grad=True)
        y = checkpoint(Dropout(generator), x, use_reentrant=reentrant)
        y.sum().backward()
        print(f"{name} generator, use_reentrant={reentrant}: gradients of the same mask: {torch.equal(x.grad, y.detach())}")
x = torch.tensor([[1.0], [3.0]], requires_grad=True)
for name, run in ("plain", lambda f, x: f(x)), ("checkpoint", lambda f, x: checkpoint(f, x, use_reentrant=False)):
    norm = torch.nn.BatchNorm1d(1)
    run(norm, x).sum().backward()
    print(f"{name}: {norm.num_batches_tracked.item()} batches, running mean {norm.running_mean.item():.2f}")
PYTHON
python train.py 2>/dev/null | same 'global generator, use_reentrant=False: gradients of the same mask: True
global generator, use_reentrant=True: gradients of the same mask: True
own generator, use_reentrant=False: gradients of the same mask: False
own generator, use_reentrant=True: gradients of the same mask: False
plain: 1 batches, running mean 0.20
checkpoint: 2 batches, running mean 0.38'
