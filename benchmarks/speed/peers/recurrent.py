"""The recurrent models of `benchmarks/speed -model lstm-512` and lstm-ptb, of PyTorch's own layers."""

import torch
import torch.nn as nn
import torch.nn.functional as F

RECURRENT_MODELS = {
    "lstm-512": {"batch": 20, "length": 35, "width": 512, "vocab": 0},
    "lstm-ptb": {"batch": 20, "length": 35, "width": 512, "vocab": 10000},
}


class Layers(nn.Module):
    """Two layers that go on from where the batch before has ended."""

    def __init__(self, width, dropout=0.0):
        super().__init__()
        self.lstm = nn.LSTM(width, width, 2, dropout=dropout, batch_first=True)
        self.state = None

    def forward(self, x):
        y, state = self.lstm(x, self.state)
        self.state = tuple(part.detach() for part in state)
        return y


class LanguageModel(nn.Module):
    def __init__(self, width, vocab, dropout=0.5):
        super().__init__()
        self.embedding, self.layers = nn.Embedding(vocab, width), Layers(width, dropout)
        self.output, self.dropout = nn.Linear(width, vocab), nn.Dropout(dropout)

    def forward(self, words, targets):
        logits = self.output(self.dropout(self.layers(self.dropout(self.embedding(words)))))
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


class Clipped(torch.optim.SGD):
    """Stochastic gradient descent on gradients whose norm is at most 5."""

    def step(self):
        nn.utils.clip_grad_norm_(self.param_groups[0]["params"], 5.0)
        super().step()


def recurrent_model(args):
    """The loss of a model, its optimizer, and the number of items in a step."""
    config = RECURRENT_MODELS[args.model]
    shape = args.batch, config["length"]
    if not config["vocab"]:
        model, x = Layers(config["width"]), torch.randn(*shape, config["width"])
        return lambda: model(x).square().mean(), torch.optim.SGD(model.parameters(), lr=0.1), shape[0] * shape[1]
    model = LanguageModel(config["width"], config["vocab"])
    words, targets = torch.randint(0, config["vocab"], (2, *shape))
    return lambda: model(words, targets), Clipped(model.parameters(), lr=0.1), words.numel()
