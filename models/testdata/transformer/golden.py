"""Writes transformer.safetensors: encoder-decoder Transformers in PyTorch.

Ten steps of Adam on a batch of sentences of unequal lengths, with smoothed labels.
For the model M the file has the initial weights as M.state.*; from the first step
M.memory (what the encoder returns, with its padding), M.hidden (the decoder's
states at the words that are predicted, without padding), M.logprobs of these, and
all gradients as M.grad.*; and M.losses of all steps. The tests know sizes,
sentences and dropout masks.

The layers are written out, so that dropout can act inside attention. Without
dropout they are compared with PyTorch's own, whose parameters they use.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

VOCAB, TARGET_VOCAB, WIDTH, HEADS, INNER, LAYERS = 23, 19, 16, 2, 20, 2
BEGIN, END, SMOOTHING, RATE = 0, 1, 0.1, 0.01
SOURCES, TARGETS = [4, 0, 6], [3, 7, 1]


def sentences(lengths, vocabulary, seed):
    return [[2 + (seed + 31 * i + p * p + 3 * p) % (vocabulary - 2) for p in range(n)] for i, n in enumerate(lengths)]


def pad(rows, value):
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])


def values(seed, *shape):
    """The numbers from [-1, 1) of ../golden.py."""
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    z = (i + np.uint64(seed * 1000003)) * np.uint64(2654435761) & np.uint64(0xFFFFFFFF)
    z = (z ^ z >> np.uint64(15)) * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)
    z = z ^ z >> np.uint64(13)
    return torch.from_numpy(((z >> np.uint64(8)).astype(np.float64) / 2.0**23 - 1).astype(np.float32)).reshape(shape)


class Dropout:
    """Dropout that keeps the elements whose value, by the site's name, is below 0.5."""

    on = False

    def __call__(self, site, x):
        if not self.on:
            return x
        seed = sum(b * (i + 1) for i, b in enumerate(site.encode()))
        return torch.where(values(seed, *x.shape) < 0.5, x * 1.25, torch.zeros(()))


drop = Dropout()


def positions(count):
    rows = []
    for p in range(count):
        angles = [p / 10000 ** (2 * i / WIDTH) for i in range(WIDTH // 2)]
        rows.append([math.sin(a) for a in angles] + [math.cos(a) for a in angles])
    return torch.tensor(rows)


def attention(site, module, x, context, hidden):
    """hidden (N, 1, T or 1, S) is true where a key is not seen."""
    n, t, s = x.size(0), x.size(1), context.size(1)
    weights, biases = module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)
    q, k, v = (
        drop(f"{site}.{name}", F.linear(y, weights[i], biases[i])).view(n, -1, HEADS, WIDTH // HEADS).transpose(1, 2)
        for i, (name, y) in enumerate((("query", x), ("key", context), ("value", context)))
    )
    scores = (q @ k.transpose(2, 3) / math.sqrt(WIDTH // HEADS)).masked_fill(hidden, float("-inf"))
    y = drop(f"{site}.probability", scores.softmax(-1)) @ v
    return drop(f"{site}.projection", module.out_proj(y.transpose(1, 2).reshape(n, t, WIDTH)))


class Model(nn.Module):
    def __init__(self, pre, shared_output, shared_vocab):
        super().__init__()
        self.pre = pre
        settings = dict(dropout=0.0, batch_first=True, norm_first=pre)
        norm = (lambda: nn.LayerNorm(WIDTH)) if pre else (lambda: None)
        source_words = TARGET_VOCAB if shared_vocab else VOCAB
        self.source = nn.Embedding(source_words, WIDTH)
        self.target = self.source if shared_vocab else nn.Embedding(TARGET_VOCAB, WIDTH)
        self.output = self.target if shared_output else nn.Embedding(TARGET_VOCAB, WIDTH)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, **settings), LAYERS, norm(), enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(WIDTH, HEADS, INNER, **settings), LAYERS, norm())
        for name, p in self.named_parameters():
            nn.init.normal_(p, 1.0 if "norm" in name and name.endswith("weight") else 0.0, 0.3)

    def embed(self, stack, table, ids):
        return drop(stack + ".input", table(ids) * math.sqrt(WIDTH) + positions(ids.size(1)))

    def around(self, norm, part, x):
        return x + part(norm(x)) if self.pre else norm(x + part(x))

    def feed_forward(self, site, layer, x):
        return drop(site + ".output", layer.linear2(drop(site + ".inner", F.relu(layer.linear1(x)))))

    def encode(self, source, lengths):
        x = self.embed("encoder", self.source, source)
        padding = torch.arange(x.size(1))[None, :] >= torch.tensor(lengths)[:, None]
        mine = x
        for i, layer in enumerate(self.encoder.layers):
            site = f"encoder.layers.{i}"
            mine = self.around(layer.norm1, lambda y: attention(site + ".self_attn", layer.self_attn, y, y, padding[:, None, None]), mine)
            mine = self.around(layer.norm2, lambda y: self.feed_forward(site, layer, y), mine)
        mine = drop("encoder.hidden", self.encoder.norm(mine) if self.pre else mine)
        if not drop.on:
            assert torch.allclose(mine[~padding], self.encoder(x, src_key_padding_mask=padding)[~padding], atol=1e-5)
        return mine, padding

    def decode(self, memory, padding, inputs):
        x = self.embed("decoder", self.target, inputs)
        future = torch.ones(x.size(1), x.size(1), dtype=torch.bool).triu(1)
        mine = x
        for i, layer in enumerate(self.decoder.layers):
            site = f"decoder.layers.{i}"
            mine = self.around(layer.norm1, lambda y: attention(site + ".self_attn", layer.self_attn, y, y, future), mine)
            mine = self.around(layer.norm2, lambda y: attention(site + ".multihead_attn", layer.multihead_attn, y, memory, padding[:, None, None]), mine)
            mine = self.around(layer.norm3, lambda y: self.feed_forward(site, layer, y), mine)
        mine = drop("decoder.hidden", self.decoder.norm(mine) if self.pre else mine)
        if not drop.on:
            assert torch.allclose(mine, self.decoder(x, memory, tgt_mask=future, memory_key_padding_mask=padding), atol=1e-5)
        return mine


def record(out, name, **config):
    model = Model(**config)
    unique = dict(model.named_parameters())  # shared ones once
    for k, p in unique.items():
        out[f"{name}.state.{k}"] = p.clone()
    vocabulary = model.source.num_embeddings
    sources = [s + [END] for s in sentences(SOURCES, vocabulary, 0)]
    targets = sentences(TARGETS, TARGET_VOCAB, 5)
    inputs, expected = pad([[BEGIN] + t for t in targets], 0), pad([t + [END] for t in targets], -100)
    adam = torch.optim.Adam(model.parameters(), RATE, (0.9, 0.98), 1e-9)
    losses = []
    for step in range(10):
        memory, padding = model.encode(pad(sources, 0), [len(s) for s in sources])
        hidden = model.decode(memory, padding, inputs)
        logits = F.linear(hidden, model.output.weight)
        loss = F.cross_entropy(logits.flatten(0, 1), expected.flatten(), label_smoothing=SMOOTHING)
        adam.zero_grad()
        loss.backward()
        if step == 0:
            out[f"{name}.memory"] = memory
            out[f"{name}.hidden"] = hidden[expected >= 0]
            out[f"{name}.logprobs"] = F.log_softmax(logits[expected >= 0], -1)
            for k, p in unique.items():
                out[f"{name}.grad.{k}"] = p.grad.clone()
        adam.step()
        losses.append(loss.item())
    out[f"{name}.losses"] = torch.tensor(losses)
    print(name, losses)


torch.set_num_threads(1)
torch.manual_seed(5)
results = {}
record(results, "post", pre=False, shared_output=True, shared_vocab=True)
record(results, "pre", pre=True, shared_output=False, shared_vocab=False)
drop.on = True
record(results, "dropout", pre=False, shared_output=True, shared_vocab=False)
save_file({k: v.detach().float().contiguous().clone() for k, v in results.items()}, "transformer.safetensors", metadata={"torch": torch.__version__})
