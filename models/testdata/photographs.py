"""Writes the golden files of the networks for photographs: ResNet as torchvision
has it, EfficientNet as timm has it.

NAME.safetensors: logits at evaluation, and of one training step on a batch of
four the loss and, for each parameter in order, the gradient's norm and its
products with two fixed vectors. Weights, images and vectors come from the formula
of golden.py, as the networks are too large to commit. Computed in float64.

Made with torch 2.15.0, torchvision 0.29.2 and timm 1.0.31. Run in this directory.
"""
import timm
import torch
import torch.nn.functional as F
import torchvision
from golden import images, save, seed, values, weigh


def network(name, model):
    weigh(model)
    model.double().eval()
    batch = images(1, 4, 64).double()
    out = {"logits": model(batch).detach()}
    model.train()
    loss = F.cross_entropy(model(batch), torch.tensor([3, 0, 9, 4]))
    loss.backward()
    products = []
    for k, p in model.named_parameters():
        g = p.grad.flatten()
        products.append([g.norm().item()] + [(g * values(seed(k) + i, g.numel())).sum().item() for i in (1, 2)])
    out["loss"] = loss.detach().reshape(1)
    out["gradients"] = torch.tensor(products, dtype=torch.float64)
    print(name, loss.item(), len(products))
    save(name + ".safetensors", out)


network("resnet-18", torchvision.models.resnet18(num_classes=10))
network("resnet-50", torchvision.models.resnet50(num_classes=10))
network("efficientnet-b0", timm.create_model("efficientnet_b0", num_classes=10))
