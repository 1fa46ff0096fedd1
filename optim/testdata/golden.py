"""Writes optim.safetensors: trajectories of PyTorch's optimizers.

Made with torch 2.15.0 and safetensors 0.8.0. Run in this directory.
"""
import torch
from safetensors.torch import save_file

STEPS, LR = 12, 0.05

torch.manual_seed(1)
weight, bias = torch.randn(5, 7), torch.randn(5)
grads = torch.randn(STEPS, weight.numel() + bias.numel()) * 0.5


class RMSProp(torch.optim.Optimizer):
    """TensorFlow's form, which PyTorch does not have."""

    def __init__(self, groups, decay, momentum, eps):
        super().__init__(groups, {"lr": LR})
        self.decay, self.momentum, self.eps = decay, momentum, eps

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(square=torch.ones_like(p), move=torch.zeros_like(p))
                g = p.grad + group["weight_decay"] * p
                state["square"].mul_(self.decay).add_((1 - self.decay) * g * g)
                state["move"].mul_(self.momentum).add_(group["lr"] * g / (state["square"] + self.eps).sqrt())
                p.sub_(state["move"])


def orthogonal(u):
    """The quintic iteration of Newton and Schulz in float32; torch.optim.Muon's is in bfloat16."""
    x = (u / u.norm().clamp(min=1e-7)).clone()
    if x.size(0) > x.size(1):
        x = x.mT
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.mT if u.size(0) > u.size(1) else x


class Muon(torch.optim.Optimizer):
    """Muon for matrices, SGD with Nesterov's momentum for the rest, whose rate is that of Muon times 3."""

    def __init__(self, groups, nesterov=True):
        super().__init__(groups, {"lr": LR})
        self.nesterov = nesterov

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, wd = group["lr"], group["weight_decay"]
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("m", torch.zeros_like(p))
                if p.dim() == 1:
                    m.mul_(0.9).add_(p.grad)
                    p.sub_(3 * lr * (p.grad + 0.9 * m))
                    continue
                m.lerp_(p.grad, 1 - 0.95)
                u = p.grad.lerp(m, 0.95) if self.nesterov else m
                p.mul_(1 - lr * wd).sub_(lr * max(1, p.size(0) / p.size(1)) ** 0.5 * orthogonal(u))


class Decoupled(torch.optim.SGD):
    """SGD that has the bias learn 64 times as fast and decay as fast as the weight, for 7 steps."""

    def __init__(self, groups):
        super().__init__(groups, lr=LR, momentum=0.85, nesterov=True)
        self.steps = 0

    def step(self):
        groups = self.param_groups
        groups[1]["lr"] *= 64
        groups[1]["weight_decay"] = groups[0]["weight_decay"] / 64
        if self.steps >= 7:
            groups[1]["params"][0].grad = None
        super().step()
        self.steps += 1


OPTIMIZERS = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=LR),
    "momentum": lambda groups: torch.optim.SGD(groups, lr=LR, momentum=0.9),
    "nesterov": lambda groups: torch.optim.SGD(groups, lr=LR, momentum=0.9, nesterov=True),
    "adam": lambda groups: torch.optim.Adam(groups, lr=LR),
    "rmsprop": lambda groups: RMSProp(groups, decay=0.95, momentum=0.9, eps=1e-3),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=LR, betas=(0.8, 0.98), eps=1e-6),
    "decoupled": Decoupled,
    "muon": Muon,
    "muonplain": lambda groups: Muon(groups, nesterov=False),
}

out = {"weight": weight, "bias": bias, "grads": grads}
for name, make in OPTIMIZERS.items():
    w, b = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    # The bias does not decay.
    optimizer = make([{"params": [w], "weight_decay": 0.1}, {"params": [b], "weight_decay": 0.0}])
    trajectory = []
    for step, g in enumerate(grads):
        for group in optimizer.param_groups:
            group["lr"] = LR / (1 + step)
        w.grad = g[: w.numel()].view_as(w).clone()
        b.grad = g[w.numel() :].clone()
        optimizer.step()
        trajectory.append(torch.cat([w.detach().flatten(), b.detach()]))
    out[name] = torch.stack(trajectory)

clipped = grads[0].clone().requires_grad_()
clipped.grad = grads[0].clone()
out["norm"] = torch.nn.utils.clip_grad_norm_([clipped], 1.5)
out["clipped"] = clipped.grad

# Look-ahead over every second step, with an average that holds on ever longer.
w = torch.cat([weight.flatten(), bias])
slow, trajectory = w.clone(), []
for step, g in enumerate(grads):
    w = w - LR * g
    if step % 2 == 1:
        slow.lerp_(w, 1 - (step // 2 / 6) ** 3)
        w = slow.clone()
    trajectory.append(w)
out["lookahead"] = torch.stack(trajectory)

# A matrix with more rows than columns.
tall = torch.randn(9, 4).requires_grad_()
out["tall"], out["tallgrads"] = tall.detach().clone(), torch.randn(3, 9, 4)
optimizer, trajectory = Muon([{"params": [tall], "weight_decay": 0.1}]), []
for g in out["tallgrads"]:
    tall.grad = g.clone()
    optimizer.step()
    trajectory.append(tall.detach().clone().flatten())
out["muontall"] = torch.stack(trajectory)

save_file(out, "optim.safetensors", metadata={"torch": torch.__version__})
