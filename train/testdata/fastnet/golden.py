"""Writes fastnet.safetensors: two networks of Jordan (arXiv 2404.00498) with few channels,
one with residuals: their initial weights, ten training losses on two batches in turn with
the recipe's optimizer, label smoothing and look-ahead, what they leave, and predictions
from flips and shifts. Of the first one also what it keeps of each batch as the proxy
that chooses hard examples, for six steps, and what it has learned. Images are channels last.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file


def conv(cin, cout):
    layer = nn.Conv2d(cin, cout, 3, padding="same", bias=False)
    nn.init.dirac_(layer.weight.data[: min(cin, cout)])
    return layer


def norm(channels, momentum):
    layer = nn.BatchNorm2d(channels, eps=1e-12, momentum=momentum)
    layer.weight.requires_grad_(False)
    return layer


class Block(nn.Module):
    def __init__(self, cin, cout, residual):
        super().__init__()
        momentum = 0.1 if residual else 0.4
        self.conv1, self.norm1 = conv(cin, cout), norm(cout, momentum)
        self.conv2, self.norm2 = conv(cout, cout), norm(cout, momentum)
        self.residual = residual
        if residual:
            self.conv3, self.norm3 = conv(cout, cout), norm(cout, momentum)

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        y = self.norm2(self.conv2(x))
        if self.residual:
            y = self.norm3(self.conv3(F.gelu(y))) + x
        return F.gelu(y)


class FastNet(nn.Module):
    def __init__(self, widths, residual):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad_(False)
        self.whiten.bias.data.zero_()
        for i, (cin, cout) in enumerate(zip((24, *widths), widths)):
            setattr(self, f"block{i + 1}", Block(cin, cout, residual))
        self.head = nn.Linear(widths[2], 10, bias=False)

    def forward(self, x):
        x = F.gelu(self.whiten(x))
        x = self.block3(self.block2(self.block1(x)))
        return self.head(F.max_pool2d(x, x.size(-1)).flatten(1)) / 9


def flips(model, x):
    return 0.5 * model(x) + 0.5 * model(x.flip(-1))


def flips_and_shifts(model, x):
    size = x.size(-1)
    padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
    shifted = [flips(model, padded[:, :, d : d + size, d : d + size]) for d in (0, 2)]
    return 0.5 * flips(model, x) + 0.5 * torch.stack(shifted).mean(0)


def sgd(model, lr, wd):
    biases = [p for k, p in model.named_parameters() if "norm" in k and p.requires_grad]
    others = [p for k, p in model.named_parameters() if "norm" not in k and p.requires_grad]
    return torch.optim.SGD([dict(params=biases, lr=64 * lr, weight_decay=wd / 64), dict(params=others, lr=lr, weight_decay=wd)], lr=lr, momentum=0.85, nesterov=True)


def labels_of(step):
    return torch.tensor([(step % 2 * 7 + i * 3) % 10 for i in range(6)])


def mined(out, proxy, batches):
    """Six steps that keep the harder half, whose proxy learns in one of two."""
    optimizer, kept = sgd(proxy, 0.1, 0.01), []
    for step in range(6):
        losses = F.cross_entropy(proxy(batches[step % 2]), labels_of(step), label_smoothing=0.2, reduction="none")
        worst = losses.argsort(descending=True)[:3].sort().values
        print("hard", losses.tolist(), worst.tolist())
        kept.append(worst)
        if step % 2 == 0:
            optimizer.zero_grad(set_to_none=True)
            losses[worst].mean().backward()
            optimizer.step()
    out["hard.kept"] = torch.stack(kept).float()
    for k in "whiten.bias", "block2.norm1.bias", "head.weight":
        out[f"hard.after.{k}"] = proxy.state_dict()[k].clone()


if __name__ == "__main__":
    torch.manual_seed(4)
    torch.set_num_threads(1)
    out = {}
    for name, residual, size in ("plain", False, 16), ("residual", True, 18):
        batches = [1.5 * torch.rand(6, 3, size, size) - 0.75 for _ in range(2)]
        out[f"{name}.images"] = torch.stack(batches).permute(0, 1, 3, 4, 2)
        model = FastNet((8, 12, 10), residual)
        for k, v in model.state_dict().items():
            if not k.endswith("num_batches_tracked"):
                out[f"{name}.initial.{k}"] = v.clone()
        if not residual:
            mined(out, copy.deepcopy(model), batches)
        optimizer = sgd(model, 0.1, 0.01)
        slow = {k: v.clone() for k, v in model.state_dict().items() if v.is_floating_point()}
        losses = []
        for step in range(10):
            model.whiten.bias.requires_grad_(step < 3)
            loss = F.cross_entropy(model(batches[step % 2]), labels_of(step), label_smoothing=0.2)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if step % 5 == 4:
                decay = 0.95**5 * ((step + 1) / 10) ** 3
                with torch.no_grad():
                    for k, v in model.state_dict().items():
                        if k in slow:
                            slow[k].lerp_(v, 1 - decay)
                            v.copy_(slow[k])
        print(name, losses)
        out[name + ".losses"] = torch.tensor(losses)
        for k in "whiten.bias", "block2.norm1.bias", "block3.norm2.running_var", "head.weight":
            out[f"{name}.after.{k}"] = model.state_dict()[k].clone()
        with torch.no_grad():
            out[name + ".predicted"] = flips_and_shifts(model.eval(), batches[0])
    save_file({k: v.contiguous() for k, v in out.items()}, "fastnet.safetensors", metadata={"torch": torch.__version__})
