#!/usr/bin/env bash
# torch 2.15.0.
#
# nn.TransformerEncoder with a padding mask gives zeros at the padded positions in
# evaluation under no_grad, and other numbers there in training, or in evaluation with
# gradients: the same weights, input and mask, and no dropout. The positions that
# count agree.
#
# What follows: whoever compares outputs of two implementations, or averages over all
# positions, leaves padded ones out. models/testdata/transformer/golden.py does.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 numpy==2.4.6
cat > encode.py <<'PYTHON'
import torch

torch.manual_seed(0)
layer = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
encoder = torch.nn.TransformerEncoder(layer, 1).eval()
x, padded = torch.randn(2, 5, 8), torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
with_gradients = encoder(x, src_key_padding_mask=padded).detach()
with torch.no_grad():
    without = encoder(x, src_key_padding_mask=padded)
print("others agree:", torch.allclose(with_gradients[~padded], without[~padded], atol=1e-5))
print("padded ones are 0:", (with_gradients[padded] == 0).all().item(), (without[padded] == 0).all().item())
PYTHON
python encode.py 2>/dev/null | same 'others agree: True
padded ones are 0: False True'
