"""Writes the golden files of package models.

wrn-10-1.safetensors: a small WRN's initial weights, ten training losses on two
batches in turn, and running statistics and classifier after them.
wrn-28-2.safetensors: logits at evaluation, from weights that a formula gives
(values and weigh below), as the network is too large to commit.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(cin)
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.convShortcut = None
        if cin != cout or stride != 1:
            self.convShortcut = nn.Conv2d(cin, cout, 1, stride, bias=False)

    def forward(self, x):
        h = F.relu(self.bn1(x))
        shortcut = x if self.convShortcut is None else self.convShortcut(h)
        h = self.conv1(h)
        h = self.conv2(F.relu(self.bn2(h)))
        return h + shortcut


class Stage(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.layer = nn.Sequential(*blocks)

    def forward(self, x):
        return self.layer(x)


class WRN(nn.Module):
    def __init__(self, depth, width, classes):
        super().__init__()
        n, cin = (depth - 4) // 6, 16
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        for stage, base in enumerate([16, 32, 64]):
            blocks = []
            for i in range(n):
                blocks.append(Block(cin, base * width, 2 if stage > 0 and i == 0 else 1))
                cin = base * width
            setattr(self, f"block{stage + 1}", Stage(blocks))
        self.bn1 = nn.BatchNorm2d(cin)
        self.fc = nn.Linear(cin, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        x = self.conv1(x)
        x = self.block3(self.block2(self.block1(x)))
        x = F.relu(self.bn1(x)).mean((2, 3))
        return self.fc(x)


def values(seed, *shape):
    """Numbers from [-1, 1), all exact in float32: element i is the upper 24 bits
    of z as a fraction of 2^23, less 1, with z = (i + seed*1000003) * 2654435761
    mod 2^32, then z = (z ^ z>>15) * 2246822519 mod 2^32, then z ^ z>>13."""
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    z = (i + np.uint64(seed * 1000003)) * np.uint64(2654435761) & np.uint64(0xFFFFFFFF)
    z = (z ^ z >> np.uint64(15)) * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)
    z = z ^ z >> np.uint64(13)
    v = (z >> np.uint64(8)).astype(np.float64) / 2.0**23 - 1
    return torch.from_numpy(v.astype(np.float32)).reshape(shape)


def images(seed, n, size=32):
    """n images as PyTorch orders them, from values ordered (N, H, W, C)."""
    return values(seed, n, size, size, 3).permute(0, 3, 1, 2).contiguous() * 1.5


def save(name, tensors):
    save_file({k: v.detach().float().contiguous() for k, v in tensors.items()}, name, metadata={"torch": torch.__version__})


def training():
    torch.manual_seed(3)
    model = WRN(10, 1, 10)
    out = {"initial." + k: v.clone() for k, v in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    losses = []
    for step in range(10):
        batch = step % 2
        labels = torch.tensor([(batch * 7 + i * 3) % 10 for i in range(8)])
        loss = F.cross_entropy(model(images(batch, 8)), labels)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            out["grad.conv1.weight"] = model.conv1.weight.grad.clone()
        optimizer.step()
        losses.append(loss.item())
    print(losses)
    out["losses"] = torch.tensor(losses)
    out["bn1.running_mean"] = model.bn1.running_mean
    out["bn1.running_var"] = model.bn1.running_var
    out["fc.weight"] = model.fc.weight
    save("wrn-10-1.safetensors", out)


def seed(name):
    """The sum of the bytes of a name times their positions, from 1."""
    return sum(b * (i + 1) for i, b in enumerate(name.encode()))


def weigh(model):
    """Gives a model weights by a formula."""
    state = model.state_dict()
    for k in state:
        if k.endswith("num_batches_tracked"):
            continue
        v = values(seed(k), *state[k].shape)
        if v.dim() == 4:  # the same variance as He's fan-in rule
            v = v * np.float32(np.sqrt(6 / (v.shape[1] * v.shape[2] * v.shape[3])))
        elif k.endswith("running_var"):
            v = 1 + v / 2
        elif k.endswith("weight") and v.dim() == 1:
            v = 1 + v / 4
        elif v.dim() == 2:
            v = v / 8
        else:
            v = v / 4
        state[k] = v
    model.load_state_dict(state)


def evaluation():
    model = WRN(28, 2, 10).eval()
    weigh(model)
    with torch.no_grad():
        logits = model(images(1, 4))
    print(logits)
    save("wrn-28-2.safetensors", {"logits": logits})


if __name__ == "__main__":
    torch.set_num_threads(1)
    training()
    evaluation()
