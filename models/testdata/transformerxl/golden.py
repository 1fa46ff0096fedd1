"""Writes transformerxl.safetensors: Transformer-XL models in PyTorch.

Ten steps of gradient descent walk through two texts. For the model M the file
has the initial weights as M.state.*; from the fourth step, which has a memory,
M.hidden, M.logprobs (of all words), M.tempered (of the targets, at a temperature
of 1.3) and all gradients as M.grad.*; M.losses of all steps, and the memory they
left as M.memory.*. The tests know sizes, lengths, texts and dropout masks.

The model is written from the mathematics: every score is computed for its own
distance, and the memory is cut by the position in the text.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

VOCAB, WIDTH, HEADS, HEAD_WIDTH, INNER = 50, 16, 2, 6, 20
TEXTS, RATE, TEMPERATURE = 2, 0.05, 1.3


def word(text, position):
    return (text * 31 + position * position + 3 * position) % VOCAB


def words(begin, end):
    return torch.tensor([[word(text, p) for p in range(begin, end)] for text in range(TEXTS)])


def encodings(count, width):
    """A row for each of the distances 0, 1, ..."""
    rows = []
    for distance in range(count):
        angles = [distance / 10000 ** (2 * i / width) for i in range(width // 2)]
        rows.append([math.sin(a) for a in angles] + [math.cos(a) for a in angles])
    return torch.tensor(rows)


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


class Layer(nn.Module):
    def __init__(self, name, projection):
        super().__init__()
        self.name = name + "."
        everything = HEADS * HEAD_WIDTH
        self.query = nn.Linear(WIDTH, everything, bias=False)
        self.key = nn.Linear(WIDTH, everything, bias=False)
        self.value = nn.Linear(WIDTH, everything, bias=False)
        self.projection = nn.Linear(everything, WIDTH, bias=False)
        self.position = nn.Linear(WIDTH, everything, bias=False) if projection else None
        self.norm1 = nn.LayerNorm(WIDTH)
        self.inner = nn.Linear(WIDTH, INNER)
        self.output = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)

    def attention(self, x, memory, u, w):
        context = torch.cat([memory, x], 1)
        n, t, s = x.size(0), x.size(1), context.size(1)
        heads = lambda y: y.view(n, -1, HEADS, HEAD_WIDTH)
        q = heads(drop(self.name + "query", self.query(x)))
        k = heads(drop(self.name + "key", self.key(context)))
        v = heads(drop(self.name + "value", self.value(context)))
        if self.position is None:
            r = encodings(s, HEAD_WIDTH)[:, None, :].expand(s, HEADS, HEAD_WIDTH)
        else:
            r = self.position(encodings(s, WIDTH)).view(s, HEADS, HEAD_WIDTH)
        probabilities = torch.zeros(n, HEADS, t, s)
        for i in range(t):
            own = s - t + i
            scores = [((q[:, i] + u) * k[:, j]).sum(-1) + ((q[:, i] + w) * r[own - j]).sum(-1) for j in range(own + 1)]
            probabilities[:, :, i, : own + 1] = torch.softmax(torch.stack(scores, -1) / math.sqrt(HEAD_WIDTH), -1)
        out = torch.einsum("nhij,njhd->nihd", drop(self.name + "probability", probabilities), v)
        return drop(self.name + "projection", self.projection(out.reshape(n, t, -1)))

    def forward(self, x, memory, u, w):
        x = self.norm1(x + self.attention(x, memory, u, w))
        inner = drop(self.name + "inner", F.relu(self.inner(x)))
        return self.norm2(x + drop(self.name + "output", self.output(inner)))


class Model(nn.Module):
    def __init__(self, layers, projection, cutoffs):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, WIDTH)
        self.content_bias = nn.Parameter(torch.empty(HEADS, HEAD_WIDTH))
        self.position_bias = nn.Parameter(torch.empty(HEADS, HEAD_WIDTH))
        self.layers = nn.ModuleList(Layer(f"layers.{i}", projection) for i in range(layers))
        self.softmax = nn.Module()
        self.cutoffs = cutoffs
        self.softmax.bias = nn.Parameter(torch.empty(cutoffs[0] + len(cutoffs) if cutoffs else VOCAB))
        if cutoffs:
            self.softmax.cluster = nn.Linear(WIDTH, len(cutoffs), bias=False)
            sizes = [b - a for a, b in zip(cutoffs, cutoffs[1:] + [VOCAB])]
            shorter = [WIDTH // 4 ** (i + 1) for i in range(len(sizes))]
            self.softmax.tail = nn.ModuleList(
                nn.Sequential(nn.Linear(WIDTH, d, bias=False), nn.Linear(d, size, bias=False)) for d, size in zip(shorter, sizes)
            )
        for name, p in self.named_parameters():
            nn.init.normal_(p, 1.0 if "norm" in name and name.endswith("weight") else 0.0, 0.3)

    def log_probabilities(self, hidden):
        hidden = hidden.reshape(-1, WIDTH)
        if not self.cutoffs:
            return F.log_softmax(hidden @ self.embedding.weight.t() + self.softmax.bias, -1)
        adaptive = nn.AdaptiveLogSoftmaxWithLoss(WIDTH, VOCAB, self.cutoffs, div_value=4, head_bias=True)
        # Its head becomes the tied one, which gradients pass through.
        del adaptive.head.weight, adaptive.head.bias
        adaptive.head.weight = torch.cat([self.embedding.weight[: self.cutoffs[0]], self.softmax.cluster.weight])
        adaptive.head.bias = self.softmax.bias
        adaptive.tail = self.softmax.tail
        self.adaptive = adaptive
        return adaptive.log_prob(hidden)

    def forward(self, text, memories):
        x = drop("input", F.embedding(text, drop("words", self.embedding.weight)) * math.sqrt(WIDTH))
        entering = []
        for layer, memory in zip(self.layers, memories):
            entering.append(torch.cat([memory, x.detach()], 1))
            x = layer(x, memory, self.content_bias, self.position_bias)
        return x, entering


def record(out, name, layers, projection, target, memory, extended, cutoffs=None):
    model = Model(layers, projection, cutoffs)
    for k, v in model.state_dict().items():
        out[f"{name}.state.{k}"] = v.clone()
    memories, remembered = [torch.zeros(TEXTS, 0, WIDTH)] * layers, (0, 0)
    losses = []
    for step in range(10):
        # Targets are predicted at [now, now+target), after words from begin on;
        # the memory is of the positions that remembered says.
        now = step * target
        begin = max(0, now - extended)
        assert remembered[1] == begin
        hidden, entering = model(words(begin, now + target), memories)
        hidden = hidden[:, now - begin :]
        targets = words(now + 1, now + target + 1)
        dropped = drop("hidden", hidden)
        logs = model.log_probabilities(dropped)
        loss = F.nll_loss(logs, targets.reshape(-1))
        if cutoffs:  # what PyTorch calls the loss of the layer is the same
            again = model.adaptive(dropped.reshape(-1, WIDTH), targets.reshape(-1)).loss
            assert torch.allclose(loss, again, atol=1e-6)
        model.zero_grad()
        loss.backward()
        if step == 3:
            out[f"{name}.hidden"] = hidden
            tempered = F.log_softmax(logs / TEMPERATURE, -1)
            out[f"{name}.tempered"] = tempered.gather(1, targets.reshape(-1, 1)).reshape(-1)
            out[f"{name}.logprobs"] = logs
            for k, p in model.named_parameters():
                out[f"{name}.grad.{k}"] = p.grad.clone()
        with torch.no_grad():
            for p in model.parameters():
                p -= RATE * p.grad
        losses.append(loss.item())
        end = max(0, now + target - extended)
        keep = range(max(0, end - memory), end)
        memories = [states[:, keep.start - remembered[0] : keep.stop - remembered[0]] for states in entering]
        remembered = (keep.start, keep.stop)
    out[f"{name}.losses"] = torch.tensor(losses)
    print(name, losses)
    for i, states in enumerate(memories):
        out[f"{name}.memory.{i}"] = states


torch.set_num_threads(1)
torch.manual_seed(4)
results = {}
record(results, "layer", 1, True, target=5, memory=7, extended=0)
record(results, "memory", 4, True, target=5, memory=7, extended=0)
record(results, "extended", 4, False, target=4, memory=5, extended=6)
record(results, "adaptive", 2, True, target=6, memory=3, extended=2, cutoffs=[20, 35])
drop.on = True
record(results, "dropout", 2, True, target=5, memory=7, extended=3)
save_file({k: v.detach().float().contiguous().clone() for k, v in results.items()}, "transformerxl.safetensors", metadata={"torch": torch.__version__})
