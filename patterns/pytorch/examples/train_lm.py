"""Trains a small Transformer to predict the next word of a text, as a trial of a
search: reads what the search wrote, goes on from where the last attempt was stopped,
and writes result.json.

    go run ./benchmarks/external -space sequence -trials 12 -budget 2 -- \\
        python patterns/pytorch/examples/train_lm.py ptb.train.txt

doc/external-protocol.md specifies the rest.
"""

import argparse
import collections
import json
import math
import os
import pathlib

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import autodropout


class Model(nn.Module):
    def __init__(self, words, width, length):
        super().__init__()
        self.words, self.places, self.input = nn.Embedding(words, width), nn.Embedding(length, width), nn.Identity()
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, ids):
        length = ids.shape[1]
        x = self.input(self.words(ids) + self.places(torch.arange(length)))
        return self.layers(x, nn.Transformer.generate_square_subsequent_mask(length), is_causal=True) @ self.words.weight.T


def write(name, data):
    """A stop at any moment leaves the file of before or the whole new one."""
    torch.save(data, name + ".tmp")
    os.replace(name + ".tmp", name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--train", type=int, default=60000, help="words to train on; a tenth as many behind them validate")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()
    trial = json.loads(pathlib.Path("trial.json").read_text())
    torch.manual_seed(trial["seed"])
    text = args.text.read_text(encoding="utf-8").split()[: args.train + args.train // 10]
    number = {word: i for i, (word, _) in enumerate(collections.Counter(text).most_common(2000))}
    ids = torch.tensor([number.get(word, len(number)) for word in text])

    def rows(part):
        n = (len(part) - 1) // args.length
        return torch.stack((part[: n * args.length].view(n, -1), part[1 : n * args.length + 1].view(n, -1)), 1)

    fit, valid = rows(ids[: args.train]), rows(ids[args.train :])
    model = Model(len(number) + 1, args.width, args.length)
    nn.init.normal_(model.words.weight, std=0.05)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    epochs, steps = max(1, trial["budget"]), len(fit) // args.batch
    parts = {"model": model, "optimizer": optimizer}
    if os.path.exists("pattern.json"):
        outside = {"words": ["words"], "input": ["input"], "final": ["layers"]}
        parts["dropout"] = autodropout.attach(model, autodropout.load("pattern.json"), outside, seed=trial["seed"], steps=epochs * steps)
    begin, told = 0, []
    if os.path.exists("checkpoint.pt"):
        saved = torch.load("checkpoint.pt")
        begin, told = saved.pop("epoch"), saved.pop("told")
        for name, state in saved.items():
            parts[name].load_state_dict(state)

    def loss_of(batch):
        return cross_entropy(model(batch[:, 0]).flatten(0, 1), batch[:, 1].flatten())

    def valid_loss():
        model.eval()
        with torch.no_grad():
            losses = [loss_of(batch) * len(batch) for batch in valid.split(64)]
        return (sum(losses) / len(valid)).item()

    for epoch in range(begin, epochs):
        model.train()
        order = torch.randperm(len(fit), generator=torch.Generator().manual_seed(trial["seed"] + epoch))
        for batch in order[: steps * args.batch].view(steps, -1):
            loss = loss_of(fit[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if "dropout" in parts:
                parts["dropout"].step()
        if not math.isfinite(loss.item()):
            return autodropout.answer(diverged=True)
        told.append({"train_loss": loss.item(), "valid_loss": valid_loss()})
        write("checkpoint.pt", {"epoch": epoch + 1, "told": told, **{name: part.state_dict() for name, part in parts.items()}})
        print(f"epoch {epoch + 1} of {epochs}: loss {loss:.3f}", flush=True)

    loss = valid_loss()
    autodropout.answer(-loss, values={"perplexity": math.exp(loss)}, epochs=told)


if __name__ == "__main__":
    main()
