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


OPTIMIZERS = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=LR),
    "momentum": lambda groups: torch.optim.SGD(groups, lr=LR, momentum=0.9),
    "nesterov": lambda groups: torch.optim.SGD(groups, lr=LR, momentum=0.9, nesterov=True),
    "adam": lambda groups: torch.optim.Adam(groups, lr=LR),
    "rmsprop": lambda groups: RMSProp(groups, decay=0.95, momentum=0.9, eps=1e-3),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=LR, betas=(0.8, 0.98), eps=1e-6),
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

save_file(out, "optim.safetensors", metadata={"torch": torch.__version__})
