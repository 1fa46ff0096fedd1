"""The Transformer of `benchmarks/speed -model mt-iwslt`, of PyTorch's own layers."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

TRANSLATION_MODELS = {
    "mt-iwslt": {"batch": 64, "length": 28, "sizes": dict(vocab=10152, layers=6, width=512, heads=4, inner=1024)},
}


class Transformer(nn.Module):
    """One table of word vectors for sources, targets and outputs; normalisation after each part."""

    def __init__(self, vocab, layers, width, heads, inner):
        super().__init__()
        settings = dict(dropout=0.3, batch_first=True)
        self.width = width
        self.embedding = nn.Embedding(vocab, width)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(width, heads, inner, **settings), layers)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(width, heads, inner, **settings), layers)
        nn.init.normal_(self.embedding.weight, 0, width**-0.5)

    def embed(self, words):
        frequencies = 10000 ** (-torch.arange(0, self.width, 2) / self.width)
        angles = torch.outer(torch.arange(words.size(1)), frequencies)
        return self.embedding(words) * math.sqrt(self.width) + torch.cat([angles.sin(), angles.cos()], -1)

    def forward(self, sources, inputs, targets):
        future = nn.Transformer.generate_square_subsequent_mask(inputs.size(1))
        hidden = self.decoder(self.embed(inputs), self.encoder(self.embed(sources)), tgt_mask=future, tgt_is_causal=True)
        logits = F.linear(hidden, self.embedding.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), label_smoothing=0.1)
