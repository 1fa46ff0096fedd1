"""Writes layers.safetensors: outputs and all gradients of PyTorch's layers.

For the layer L the file has L.in.*, the state dict before the pass as L.state.*,
the output L.out, the gradients of sum(out * L.weights) as L.grad.*, and the
buffers after the pass as L.after.*. Images are stored channels last.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import torch
import torch.nn as nn
from safetensors.torch import save_file

torch.manual_seed(2)
torch.set_num_threads(1)
out = {}


def perturb(module):
    """Moves norms and biases away from ones and zeros."""
    with torch.no_grad():
        for name, p in module.named_parameters():
            if p.dim() == 1:
                p.add_(0.3 * torch.randn_like(p))
        for name, b in module.named_buffers():
            if b.is_floating_point():
                b.add_(0.3 * torch.rand_like(b))


def to_nhwc(x):
    return x.permute(0, 2, 3, 1).contiguous() if x.dim() == 4 else x


def to_ntc(x):
    return x.mT.contiguous()


def record(name, module, x, run=None, to_nhwc=to_nhwc):
    perturb(module)
    for k, v in module.state_dict().items():
        out[f"{name}.state.{k}"] = v.clone().float()
    out[f"{name}.in"] = to_nhwc(x).clone().float()
    if x.is_floating_point():
        x = x.clone().requires_grad_()
    y = run(x) if run else module(x)
    weights = torch.randn_like(y)
    (y * weights).sum().backward()
    out[f"{name}.out"] = to_nhwc(y.detach())
    out[f"{name}.weights"] = to_nhwc(weights)
    if x.is_floating_point():
        out[f"{name}.grad.in"] = to_nhwc(x.grad)
    for k, p in module.named_parameters():
        if p.requires_grad:
            out[f"{name}.grad.{k}"] = p.grad
        else:
            out[f"{name}.after.{k}"] = p.detach().clone()
    for k, b in module.named_buffers():
        out[f"{name}.after.{k}"] = b.clone().float()


record("linear", nn.Linear(5, 3), torch.randn(2, 4, 5))
record("conv2d", nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), torch.randn(2, 4, 7, 6))
record("conv1x1", nn.Conv2d(3, 5, 1, bias=False), torch.randn(2, 3, 4, 4))
record("batchnorm", nn.BatchNorm2d(6), torch.randn(3, 6, 4, 5) * 2 + 1)
record("batchnormeval", nn.BatchNorm2d(6).eval(), torch.randn(3, 6, 4, 5) * 2 + 1)
record("layernorm", nn.LayerNorm(7), torch.randn(2, 3, 7))
record("embedding", nn.Embedding(9, 4), torch.tensor([[1, 8, 1], [0, 3, 1]]))

mask = nn.Transformer.generate_square_subsequent_mask(5)
attention = nn.MultiheadAttention(8, 2, batch_first=True)
record("attention", attention, torch.randn(3, 5, 8), lambda x: attention(x, x, x, attn_mask=mask, need_weights=False)[0])
block = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
record("transformer", block, torch.randn(3, 5, 8), lambda x: block(x, src_mask=mask))

record("conv2doblong", nn.Conv2d(4, 6, (3, 5), stride=(2, 1), padding=(1, 2)), torch.randn(2, 4, 7, 6))
record("conv1d", nn.Conv1d(4, 6, 3, stride=2, padding=2, groups=2), torch.randn(2, 4, 9), to_nhwc=to_ntc)
record("convtranspose2d", nn.ConvTranspose2d(4, 6, (3, 2), stride=2, padding=1, output_padding=(1, 0), groups=2), torch.randn(2, 4, 3, 5))
record("groupnorm", nn.GroupNorm(2, 6), torch.randn(3, 6, 4, 5) * 2 + 1)
record("instancenorm", nn.InstanceNorm2d(6), torch.randn(3, 6, 4, 5) * 2 + 1)
record("instancenormaffine", nn.InstanceNorm2d(6, affine=True, eps=1e-3), torch.randn(3, 6, 4, 5) * 2 + 1)
record("rmsnorm", nn.RMSNorm(7), torch.randn(2, 3, 7))
sequence = torch.randn(3, 5, 4)
lengths = torch.tensor([5, 2, 3])


def packed(layer):
    """Outputs and the final state of sequences of several lengths, side by side."""

    def run(x):
        y, state = layer(nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
        return torch.cat([y.flatten(), *(s.flatten() for s in (state if isinstance(state, tuple) else [state]))])

    return run


for name, layer in ("lstm", nn.LSTM), ("gru", nn.GRU):
    for suffix, spec in ("", {}), ("stack", dict(num_layers=2)), ("both", dict(num_layers=2, bidirectional=True)), ("nobias", dict(bias=False)):
        module = layer(4, 3, batch_first=True, **spec)
        record(name + suffix, module, sequence, lambda x: module(x)[0])
    module = layer(4, 3, num_layers=2, bidirectional=True, batch_first=True)
    record(name + "packed", module, sequence, packed(module))

norm = nn.BatchNorm2d(6, momentum=0.4, eps=1e-12)
norm.weight.requires_grad_(False)
record("batchnormnoscale", norm, torch.randn(3, 6, 4, 5) * 2 + 1)

whitening = nn.Conv2d(3, 24, 2)
whitening.weight.requires_grad_(False)
record("whitening", whitening, torch.randn(2, 3, 5, 6))

# Kernels that whiten 2x2 patches of images whose pixels resemble their neighbours.
images = torch.randn(40, 3, 9, 8).cumsum(2).cumsum(3) * 0.2 + torch.randn(40, 3, 9, 8) * 0.1
patches = images.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12).double()
values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
kernels = vectors.T.flip(0) / (values.flip(0)[:, None] + 5e-4).sqrt()
kernels *= kernels.gather(1, kernels.abs().argmax(1, keepdim=True)).sign()
out["whiteningfit.images"] = to_nhwc(images)
out["whiteningfit.weight"] = torch.cat([kernels, -kernels]).view(24, 3, 2, 2).float()

conv = torch.empty(5, 3, 3, 3).fill_(0.25)
nn.init.dirac_(conv[:3])
out["dirac.wide"] = conv
conv = torch.empty(2, 4, 3, 3)
nn.init.dirac_(conv)
out["dirac.narrow"] = conv


def flips(x):
    return 0.5 * scores(x) + 0.5 * scores(x.flip(-1))


def flips_and_shifts(x):
    padded = nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")
    shifted = [flips(padded[:, :, d : d + x.size(2), d : d + x.size(3)]) for d in (0, 2)]
    return 0.5 * flips(x) + 0.25 * (shifted[0] + shifted[1])


module = nn.Conv2d(3, 4, 3).eval()


def scores(x):
    return torch.relu(module(x)).mean((2, 3))


record("flips", module, torch.randn(2, 3, 6, 5), flips)
module.zero_grad()
record("flipsandshifts", module, torch.randn(2, 3, 6, 5), flips_and_shifts)

save_file({k: v.contiguous() for k, v in out.items()}, "layers.safetensors", metadata={"torch": torch.__version__})
