#!/usr/bin/env bash
# torch 2.15.0, torch.compile on the processor (backend "inductor").
#
# Ten rounds of Philox4x32 on int64 tensors, in which nothing overflows, give other
# words compiled than eagerly: 504 of 672 with vectors of 512 bits, 420 with 256
# (which of the two depends on the processor). Three rounds are equal, and so are ten
# where the compiler is told to use no vectors. Needs a C++ compiler.
#
# What follows: masks that a compiled model draws by integer arithmetic may differ from
# the eager ones without a word. The package in patterns/pytorch draws its words in a
# custom operation, which the compiler leaves alone.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 numpy==2.4.6
cat > rounds.py <<'PYTHON'

import torch
import torch._inductor.config as inductor

MASK = (1 << 32) - 1


def high_low(a, b):
    """The halves of a * b for 0 <= a, b < 2**32: the product taken stays below 2**62."""
    p = a * (b - (1 << 32))
    return (p >> 32) + a, p & MASK


def philox(example, keys, rounds):
    n, block = torch.broadcast_tensors(example[:, None], torch.arange(24))
    c = block, torch.full_like(n, 0), n & MASK, n >> 32 & MASK
    for first, second in list(zip(*keys.unbind(1)))[:rounds]:
        (h0, l0), (h1, l1) = high_low(c[0], 0xD2511F53), high_low(c[2], 0xCD9E8D57)
        c = h1 ^ c[1] ^ first, l1, h0 ^ c[3] ^ second, l0
    return torch.stack(c, -1)


keys = torch.randint(0, 1 << 32, (10, 2), generator=torch.Generator().manual_seed(0))
for rounds, vectors in (3, None), (10, None), (10, 1):
    inductor.cpp.simdlen = vectors
    torch._dynamo.reset()
    eager = philox(torch.arange(7), keys, rounds)
    compiled = torch.compile(philox, backend="inductor")(torch.arange(7), keys, rounds)
    differ = bool((eager != compiled).any())
    print(f"{rounds} rounds, {'no vectors' if vectors else 'vectors'}: {'other words' if differ else 'equal'}")
PYTHON
TORCHINDUCTOR_CACHE_DIR="$folder/inductor" python rounds.py 2>/dev/null | same '3 rounds, vectors: equal
10 rounds, vectors: other words
10 rounds, no vectors: equal'
