"""Transformer-XL as one writes it in PyTorch, for torch_step.py.

Scores of positions are shifted by padding and reshaping (Dai et al., 2019,
appendix B). Texts are the first axis. What is dropped is what the recipe for
Penn Treebank drops.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

LANGUAGE_MODELS = {
    "txl-ptb": {
        "batch": 10,
        "target": 70,
        "sizes": {"vocab": 10000, "layers": 16, "width": 380, "heads": 10, "inner": 900, "memory": 0},
    },
    "txl-wt2": {
        "batch": 8,
        "target": 150,
        "sizes": {"vocab": 33278, "layers": 16, "width": 400, "heads": 10, "inner": 900, "memory": 150},
    },
}


class Locked(nn.Module):
    """Dropout with one mask for all places of a text."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return x * F.dropout(x.new_ones(x.size(0), 1, x.size(2)), self.p, self.training)


class Layer(nn.Module):
    def __init__(self, width, heads, inner, drop):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.position = nn.Linear(width, width, bias=False)
        self.projection = nn.Linear(width, width, bias=False)
        self.inner, self.output = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.locked, self.probabilities = Locked(drop), nn.Dropout(drop)

    def split(self, x):
        return x.view(*x.shape[:-1], self.heads, -1).transpose(-3, -2)

    def attention(self, x, context, encodings, future, u, v):
        n, t, width = x.shape
        s = context.size(1)
        q = self.split(self.locked(self.query(x)))
        k, values = (self.split(y) for y in self.locked(self.key_value(context)).chunk(2, -1))
        r = self.split(self.position(encodings))
        content = (q + u) @ k.transpose(-1, -2)
        position = (q + v) @ r.transpose(-1, -2)
        position = F.pad(position, (1, 0)).view(n, self.heads, s + 1, t)[:, :, 1:].view(n, self.heads, t, s)
        scores = (content + position) / math.sqrt(width // self.heads)
        p = self.probabilities(scores.masked_fill(future, -math.inf).softmax(-1))
        return self.projection((p @ values).transpose(1, 2).reshape(n, t, width))

    def forward(self, x, *context):
        x = self.norm1(x + self.locked(self.attention(x, *context)))
        return self.norm2(x + self.locked(self.output(self.locked(F.relu(self.inner(x))))))


class TransformerXL(nn.Module):
    def __init__(self, vocab, layers, width, heads, inner, memory):
        super().__init__()
        self.width, self.memory = width, memory
        self.embedding = nn.Embedding(vocab, width)
        self.layers = nn.ModuleList(Layer(width, heads, inner, 0.2) for _ in range(layers))
        self.u = nn.Parameter(torch.zeros(heads, 1, width // heads))
        self.v = nn.Parameter(torch.zeros(heads, 1, width // heads))
        self.input, self.hidden = Locked(0.6), Locked(0.5)
        self.bias = nn.Parameter(torch.zeros(vocab))
        self.memories = None
        nn.init.normal_(self.embedding.weight, 0, 0.02)

    def encodings(self, s):
        distances = torch.arange(s - 1, -1, -1.0)
        frequencies = 10000 ** (-torch.arange(0, self.width, 2) / self.width)
        angles = torch.outer(distances, frequencies)
        return torch.cat([angles.sin(), angles.cos()], -1)

    def forward(self, words, targets):
        t = words.size(1)
        known = self.memories[0].size(1) if self.memories else 0
        encodings = self.encodings(known + t)
        future = torch.ones(t, known + t, dtype=torch.bool).triu(known + 1)
        kept = F.dropout(torch.ones(self.embedding.num_embeddings, 1), 0.2, self.training)
        x = F.embedding(words, self.embedding.weight * kept)
        x = self.input(x * math.sqrt(self.width))
        memories = []
        for i, layer in enumerate(self.layers):
            context = torch.cat([self.memories[i], x], 1) if known else x
            if self.memory:
                memories.append(context[:, -self.memory :].detach())
            x = layer(x, context, encodings, future, self.u, self.v)
        self.memories = memories
        return self.loss(self.hidden(x).flatten(0, 1), targets.flatten())

    def loss(self, hidden, targets):
        return F.cross_entropy(F.linear(hidden, self.embedding.weight, self.bias), targets)
