"""Writes files of weights for the tests of package weights, and what PyTorch
computes from them.

resnet.pth: a checkpoint of a training in half precision, with the weights of
torchvision's ResNet-18 with 4 channels under "state_dict" and, as distributed
training names them, "module.", and another network of this kind beside it.
logits.safetensors: what it makes of images. efficientnet.txt: names and shapes
in torchvision's EfficientNet-B0.

Made with torch 2.15.0, torchvision 0.29.2 and safetensors 0.8.0. Run in this directory.
"""
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock


class Narrow(torchvision.models.ResNet):
    def __init__(self, channels, classes):
        nn.Module.__init__(self)
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, channels, 1, 1, 64
        self.conv1 = nn.Conv2d(3, channels, 7, 2, 3, bias=False)
        self.bn1, self.relu, self.maxpool = nn.BatchNorm2d(channels), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        self.layer1 = self._make_layer(BasicBlock, channels, 2)
        for stage in (2, 3, 4):
            setattr(self, f"layer{stage}", self._make_layer(BasicBlock, channels << stage - 1, 2, stride=2))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(channels * 8, classes)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.data.uniform_(0.5, 1.5)
                module.bias.data.normal_()
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)


def module(net):
    return {"module." + k: v for k, v in net.state_dict().items()}


torch.manual_seed(1)
net, other = Narrow(4, 5).half(), Narrow(4, 5).half()
optimizer = torch.optim.SGD(net.parameters(), 0.1)
torch.save({"epoch": 7, "state_dict": module(net), "state_dict_ema": module(other), "optimizer": optimizer.state_dict()}, "resnet.pth")
x = torch.randn(2, 3, 64, 64)
with torch.no_grad():
    y = net.float().eval()(x)
save_file({"images": x.permute(0, 2, 3, 1).contiguous(), "logits": y}, "logits.safetensors", metadata={"torch": torch.__version__})
with open("efficientnet.txt", "w") as f:
    for name, v in torchvision.models.efficientnet_b0(num_classes=10).state_dict().items():
        print(name, *v.shape, file=f)
