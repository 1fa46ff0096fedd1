"""Attaching patterns to networks of torchvision, timm and PyTorch."""

import copy
from dataclasses import replace

import pytest
import timm
import torch
import torchvision
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

import autodropout
from autodropout import Block, Pattern, PatternDropout, Place, sampler
from autodropout.pattern import OUTSIDE, PLACES

BLOCK = Block(0.25, 0.25, 2, 30, 0.1, 0.1, False, True)
PLAIN = Block(0.25, 0.25, 2, 0, 0, 0, True, False)
PLACE = Place(2, 1, True, False, 0.3)
SEQUENCE = Pattern(places={p: PLACE for p in PLACES})


def conv(stages, block=BLOCK):
    return Pattern(stages=((block,),) * stages)


class WideBlock(nn.Module):
    """A block of Wide ResNets as PyTorch programs usually write it."""

    def __init__(self, cin, cout):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(cin), nn.Conv2d(cin, cout, 3, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(cout), nn.Conv2d(cout, cout, 3, padding=1, bias=False)
        self.convShortcut = nn.Conv2d(cin, cout, 1, bias=False) if cin != cout else None

    def forward(self, x):
        h = self.bn1(x).relu()
        shortcut = x if self.convShortcut is None else self.convShortcut(h)
        return self.conv2(self.bn2(self.conv1(h)).relu()) + shortcut


def wide():
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Sequential(WideBlock(4, 8), WideBlock(8, 8)))


IMAGES = (2, 3, 32, 32)
NETWORKS = {
    "torchvision-resnet18": (torchvision.models.resnet18, conv(4), IMAGES, 24),
    "torchvision-bottlenecks": (lambda: ResNet(Bottleneck, [1, 2, 1, 1]), conv(4), IMAGES, 20),
    "torchvision-wide-resnet": (lambda: ResNet(Bottleneck, [2, 1, 1, 1], width_per_group=128), conv(4), IMAGES, 20),
    "torchvision-efficientnet": (torchvision.models.efficientnet_b0, conv(7), IMAGES, 56),
    "timm-resnet18": (lambda: timm.create_model("resnet18"), conv(4), IMAGES, 24),
    "timm-bottlenecks": (lambda: timm.models.ResNet(timm.models.resnet.Bottleneck, [1, 2, 1, 1]), conv(4), IMAGES, 20),
    "timm-efficientnet": (lambda: timm.create_model("efficientnet_b0"), conv(7), IMAGES, 56),
    "wide": (wide, conv(1), IMAGES, 6),
    "torchvision-vit": (lambda: torchvision.models.VisionTransformer(32, 8, 2, 2, 16, 32), SEQUENCE, IMAGES, 14),
    "timm-vit": (lambda: timm.create_model("vit_tiny_patch16_224", img_size=32, depth=2), SEQUENCE, IMAGES, 14),
    "encoder": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2), SEQUENCE, (2, 5, 16), 14),
    "encoder-sequence-first": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32), 2), SEQUENCE, (5, 2, 16), 14),
}


@pytest.fixture(params=NETWORKS, name="network")
def _network(request):
    make, pattern, shape, sites = NETWORKS[request.param]
    return make(), pattern, torch.randn(shape), sites


def drawn(monkeypatch):
    """A list of the places that drop something from now on, and the masks."""
    seen = []
    block, place = sampler.block_mask, sampler.place_mask
    monkeypatch.setattr(sampler, "block_mask", lambda *args: seen.append(block(*args)) or seen[-1])
    monkeypatch.setattr(sampler, "place_mask", lambda *args: seen.append(place(*args)) or seen[-1])
    return seen


def test_networks(network, monkeypatch):
    """Every place drops, in training only, and detaching leaves nothing."""
    model, pattern, x, sites = network
    before, names = model.eval()(x), list(model.state_dict())
    handle = autodropout.attach(model, pattern)
    assert len(handle.sites) == sites == len(set(handle.sites))
    assert list(model.state_dict()) == names
    seen = drawn(monkeypatch)
    torch.testing.assert_close(model(x), before)
    assert not seen
    model.train()(x).sum().backward()
    assert len(seen) >= sites
    assert torch.isfinite(torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None])).all()
    handle.detach()
    seen.clear()
    model(x)
    assert not seen and autodropout.attached(model) is None and list(model.state_dict()) == names
    assert not any(m._forward_hooks or m._forward_pre_hooks or "forward" in vars(m) for m in model.modules())


def norm(module, x):
    """What a normalisation does, without the hooks of the module."""
    return nn.functional.batch_norm(x, None, None, module.weight, module.bias, True, 0, module.eps)


def conv2d(module, x):
    return module._conv_forward(x, module.weight, module.bias)


def expected_mask(site, row, shape, seed=0, step=0, example=0):
    examples = torch.arange(shape[0]) + example
    keys = sampler.round_keys([sampler.site_key(site, seed, step)])[0]
    if isinstance(row, Place):
        return sampler.place_mask(row, shape, examples, keys)
    if row.scatter:
        return sampler.scatter_mask(row, shape, examples, keys, 1.0)
    draws = sampler.words(examples, sampler.block_draws(row, shape[1]), keys)
    return sampler.block_mask(torch.empty(shape), *sampler.block_parts(row, shape, draws))


def test_resnet_masks():
    """The masks are those of the sites that the Go package has, and act where its do."""
    model = torchvision.models.resnet18()
    autodropout.attach(model, conv(4), seed=7)
    block, x = model.layer1[1], torch.randn(2, 64, 8, 8)

    def mask(site):
        return expected_mask(f"layer1.1.{site}", BLOCK, (2, 64, 8, 8), seed=7)

    h = (norm(block.bn1, block.conv1(x)) * mask("bn1")).relu()
    y = (norm(block.bn2, block.conv2(h)) * mask("bn2") + x * mask("shortcut")).relu()
    torch.testing.assert_close(block(x), y)


def test_wide_masks():
    """A shortcut's convolution takes what is not dropped."""
    model = wide()
    autodropout.attach(model, conv(1))
    x = torch.randn(2, 4, 8, 8)
    block = model[1][0]

    def mask(site, channels):
        return expected_mask(f"1.0.{site}", BLOCK, (2, channels, 8, 8))

    h = norm(block.bn1, x).relu()
    branch = conv2d(block.conv1, h * mask("bn1", 4))
    branch = conv2d(block.conv2, norm(block.bn2, branch).relu() * mask("bn2", 8))
    torch.testing.assert_close(block(x), branch + conv2d(block.convShortcut, h) * mask("shortcut", 8))


@pytest.mark.parametrize("make", ["torchvision-efficientnet", "timm-efficientnet"])
def test_efficientnet_masks(make):
    """Masks act before the SiLU and at the input that is added to the output, under
    the same names in both libraries."""
    model = NETWORKS[make][0]()
    autodropout.attach(model, conv(7))
    block = model.blocks[1][1] if hasattr(model, "blocks") else model.features[2][1]
    if hasattr(block, "stochastic_depth"):
        block.stochastic_depth.eval()
    convs = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in block.modules() if isinstance(m, nn.BatchNorm2d)]
    x = torch.randn(2, 24, 8, 8)

    def masked(i, h):
        h = norm(norms[i], h)
        return h * expected_mask(f"blocks.1.1.bn{i + 1}", BLOCK, tuple(h.shape))

    silu = nn.functional.silu
    h = silu(masked(1, convs[1](silu(masked(0, convs[0](x))))))
    gate = convs[3](silu(convs[2](h.mean((2, 3), keepdim=True)))).sigmoid()
    y = masked(2, convs[4](h * gate)) + x * expected_mask("blocks.1.1.shortcut", BLOCK, tuple(x.shape))
    torch.testing.assert_close(block(x), y, atol=1e-5, rtol=1e-5)


def attention(layer, x, site, mask):
    """Attention of 2 heads over (N, T, 16), with masks."""
    q, k, v = (
        nn.functional.linear(x, w, b) * mask(f"{site}.{part}", x.shape)
        for part, w, b in zip(("query", "key", "value"), layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3))
    )
    q, k, v = (t.unflatten(-1, (2, 8)).transpose(1, 2) for t in (q, k, v))
    weights = (q @ k.mT / 8**0.5).softmax(-1)
    y = (weights * mask(f"{site}.probability", weights.shape)) @ v
    return layer.out_proj(y.transpose(1, 2).flatten(2)) * mask(f"{site}.projection", x.shape)


@pytest.mark.parametrize("batch_first", [True, False])
def test_encoder_masks(batch_first):
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0, batch_first=batch_first)
    model = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    layer = model.layers[0]
    autodropout.attach(model, SEQUENCE)

    def mask(site, shape):
        return expected_mask(site, PLACE, tuple(shape))

    x = torch.randn(3, 5, 16)
    h = layer.norm1(x + attention(layer.self_attn, x, "layers.0.self_attn", mask))
    inner = layer.linear1(h).relu() * mask("layers.0.inner", (3, 5, 32))
    inner = nn.functional.linear(inner, layer.linear2.weight, layer.linear2.bias)
    y = layer.norm2(h + inner * mask("layers.0.output", (3, 5, 16)))
    got = model(x) if batch_first else model(x.transpose(0, 1)).transpose(0, 1)
    torch.testing.assert_close(got, y)


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("mask", [None, "bool", "float", "heads"])
@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_is_torchs(need_weights, mask, batch_first):
    """What stands in for nn.MultiheadAttention computes the same where nothing is
    dropped."""
    plain = nn.MultiheadAttention(16, 2, batch_first=batch_first, kdim=12, vdim=10) if mask == "heads" else nn.MultiheadAttention(16, 2, batch_first=batch_first)
    other = copy.deepcopy(plain)
    other.forward = autodropout.attention.AttentionForward(other)
    n, t, s = 3, 5, 7
    shapes = [(n, t, 16), (n, s, plain.kdim), (n, s, plain.vdim)]
    args = [torch.randn(shape if batch_first else (shape[1], shape[0], shape[2])) for shape in shapes]
    masks = {
        None: {},
        "bool": {"attn_mask": torch.ones(t, s).triu(1).bool(), "key_padding_mask": torch.arange(s).expand(n, s) > 4},
        "float": {"attn_mask": torch.randn(t, s)},
        "heads": {"attn_mask": torch.randn(2 * n, t, s)},
    }[mask]
    want, got = (m(*args, need_weights=need_weights, **masks) for m in (plain, other))
    torch.testing.assert_close(got, want)
    one = [a[0] if batch_first else a[:, 0] for a in args]
    torch.testing.assert_close(other(*one, need_weights=False), plain(*one, need_weights=False))


def test_relative_depth():
    """A pattern of three blocks fits stages of two, of one, and of six."""
    rows = [Block(0.25, 0.25, r, 0, 0, 0, True, False) for r in (1, 2, 3)]
    pattern = Pattern(stages=(tuple(rows),) * 3)
    assert pattern.resize([2, 1, 6]) == [[rows[0], rows[2]], [rows[0]], [rows[0], rows[0], rows[1], rows[1], rows[2], rows[2]]]
    with pytest.raises(ValueError, match="the pattern has 3 stages and the network 4"):
        autodropout.attach(torchvision.models.resnet18(), pattern)


class Plain(nn.Module):
    """A network that attach does not know."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)

    def forward(self, x):
        return self.norm(self.conv(x))


def test_names():
    model, x = Plain(), torch.randn(2, 3, 8, 8)
    want = model(x) * expected_mask("norm", BLOCK, (2, 8, 8, 8))
    autodropout.attach(model, conv(1), names=[[["norm"]]])
    torch.testing.assert_close(model(x), want)


def test_module():
    """PatternDropout in a model of one's own."""
    model, x = nn.Sequential(Plain(), PatternDropout(BLOCK, "here"), PatternDropout(PLAIN)), torch.randn(2, 3, 8, 8)
    with pytest.raises(RuntimeError, match="PatternDropout here has no random stream yet"):
        model(x)
    y = model[0](x) * expected_mask("here", BLOCK, (2, 8, 8, 8)) * expected_mask("2", PLAIN, (2, 8, 8, 8))
    handle = autodropout.attach(model)
    assert handle.sites == ["here", "2"]
    torch.testing.assert_close(model(x), y)
    sequence = PatternDropout(PLACE, "s")
    autodropout.attach(sequence)
    x = torch.randn(2, 5, 4)
    torch.testing.assert_close(sequence(x), x * expected_mask("s", PLACE, (2, 5, 4)))


@pytest.mark.parametrize(
    "message, call",
    [
        ("does not know the residual blocks of Plain: give it names", lambda: autodropout.attach(Plain(), conv(1))),
        ("does not know the layers of Plain", lambda: autodropout.attach(Plain(), SEQUENCE)),
        ("the model has no module normm", lambda: autodropout.attach(Plain(), conv(1), names=[[["normm"]]])),
        ("'norm' is where a block must be", lambda: autodropout.attach(Plain(), conv(1), names=[["norm"]])),
        ("names must be lists", lambda: autodropout.attach(Plain(), conv(1), names={"query": ["norm"]})),
        ("names must map its places", lambda: autodropout.attach(Plain(), SEQUENCE, names=[[["norm"]]])),
        ("middle is not a place of patterns", lambda: autodropout.attach(Plain(), SEQUENCE, names={"middle": ["norm"]})),
        ("acts at key, and the model has no such place", lambda: autodropout.attach(Plain(), SEQUENCE, names={"query": ["norm"]})),
        ("acts at hidden, and no block", lambda: autodropout.attach(torchvision.models.resnet18(), conv(4, replace(BLOCK, place="hidden")))),
        ("as many stages and blocks", lambda: autodropout.attach(Plain(), conv(1), [[["norm"]]], [[], []])),
        ("no PatternDropout", lambda: autodropout.attach(Plain())),
        ("there is no pattern", lambda: autodropout.attach(Plain(), names=[[["norm"]]])),
        ("the seed must be", lambda: autodropout.attach(Plain(), conv(1), [[["norm"]]], seed=-1)),
        ("0 <= rank < ranks", lambda: autodropout.attach(Plain(), conv(1), [[["norm"]]], rank=2, ranks=2)),
        ("before torch.compile", lambda: autodropout.attach(torch.compile(Plain()), conv(1), [[["norm"]]])),
        ("two places are called norm", lambda: autodropout.attach(nn.Sequential(PatternDropout(BLOCK, "norm"), PatternDropout(BLOCK, "norm")))),
        ("add_bias_kv", lambda: autodropout.attach(nn.Sequential(biased()), SEQUENCE)),
    ],
)
def test_errors(message, call):
    with pytest.raises(ValueError, match=message):
        call()


def biased():
    layer = nn.TransformerEncoderLayer(16, 2, 32)
    layer.self_attn = nn.MultiheadAttention(16, 2, add_bias_kv=True)
    return layer


def test_attached_twice():
    model = Plain()
    handle = autodropout.attach(model, conv(1), names=[[["norm"]]])
    with pytest.raises(ValueError, match="acts in this model already"):
        autodropout.attach(model, conv(1), names=[[["norm"]]])
    handle.detach()
    autodropout.attach(model, conv(1), names=[[["norm"]]])


def test_shared_modules():
    shared = Plain()
    with pytest.raises(ValueError, match="0.norm and 1.norm are one module"):
        autodropout.attach(nn.Sequential(shared, shared), conv(1), names=[[["0.norm"]]])

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm2d(3)

        def forward(self, x):
            return self.norm(self.norm(x))

    model = Twice()
    autodropout.attach(model, conv(1), names=[[["norm"]]])
    with pytest.raises(RuntimeError, match="norm was computed twice in one pass"):
        model(torch.randn(2, 3, 4, 4))


def test_wrong_shapes():
    model = nn.Sequential(nn.Linear(4, 4))
    autodropout.attach(model, conv(1), names=[[["0"]]])
    with pytest.raises(ValueError, match=r"the pattern at 0 drops parts of tensors \(N, C, H, W\) or \(N, C\), not of one of shape \(2, 3, 4\)"):
        model(torch.randn(2, 3, 4))
    model = nn.Sequential(nn.LSTM(4, 4))
    autodropout.attach(model, conv(1), names=[[["0"]]])
    with pytest.raises(TypeError, match="the module returns a tuple"):
        model(torch.randn(2, 3, 4))


def test_places_of_version_2():
    """Between the convolutions, at the end of a branch, and before the classifier."""
    plain = Block(1, 0.25, 2, 0, 0, 0, False, False)
    model, x = wide(), torch.randn(2, 3, 8, 8)
    model.append(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)))
    hidden, branch, features = (replace(plain, place=p, scatter=0.5, cells=1) for p in ("hidden", "branch", "features"))
    handle = autodropout.attach(model, Pattern(stages=((hidden, features),)))
    assert handle.sites == ["1.0.hidden", "features"]
    seen = []
    model[2][2].register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    model(x)
    assert torch.equal(seen[0] == 0, expected_mask("features", features, (2, 8, 1, 1)).flatten(1) == 0)
    handle.detach()
    assert autodropout.attach(model, Pattern(stages=((branch,),))).sites == ["1.0.branch", "1.1.branch"]


def test_words():
    """Words are dropped as wholes, and other places are found beside named ones."""
    places = {**SEQUENCE.places, "words": Place(1, 0, False, False, 0.5), "input": replace(PLACE, drop=0), "final": replace(PLACE, drop=0)}
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    model = nn.Sequential(nn.Embedding(10, 16), nn.TransformerEncoder(layer, 1))
    handle = autodropout.attach(model, Pattern(places=places), names={"words": ["0"]})
    assert len(handle.sites) == 8
    model[1] = nn.Identity()
    mask = sampler.words_mask(places["words"], 10, sampler.round_keys([sampler.site_key("0", 0, 0)])[0], 1.0)
    ids = torch.tensor([[1, 2, 3], [3, 4, 9]])
    assert torch.equal(model[0](ids), model[0].weight[ids] * mask[ids])


def test_named_modules_of_sequences_first():
    """What is named has the batch where the model's input has it."""
    off = replace(PLACE, drop=0)
    pattern = Pattern(places={p: PLACE if p == "final" else off for p in PLACES + OUTSIDE})
    model = nn.Sequential(nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, dropout=0), 1, enable_nested_tensor=False), nn.Identity())
    x = torch.randn(5, 3, 16)
    want = model(x) * expected_mask("1", PLACE, (3, 5, 16)).transpose(0, 1)
    handle = autodropout.attach(model, pattern, names={"final": ["1"]})
    assert handle.sites == ["1"] and handle.batch_axis == 1
    torch.testing.assert_close(model(x), want)
    assert handle.next == 3
    # A network that attach does not know, whose input is (T, N, C).
    named = {part: [str(i)] for i, part in enumerate(PLACES)}
    layers = nn.Sequential(*(nn.Identity() for _ in PLACES))
    autodropout.attach(layers, Pattern(places={p: PLACE if p == "output" else off for p in PLACES}), named, batch_axis=1)
    torch.testing.assert_close(layers(x), x * expected_mask("6", PLACE, (3, 5, 16)).transpose(0, 1))


def test_schedules():
    """A pattern that grows drops nothing at first, and needs to know the progress."""
    row = Block(0.5, 0.5, 2, 0, 0, 0, False, False, schedule="up")
    model, x = nn.Sequential(PatternDropout(row)), torch.ones(8, 4, 8, 8)
    handle = autodropout.attach(model, steps=4)
    shares = []
    for _ in range(5):
        shares.append((model(x) == 0).float().mean().item())
        handle.step()
    assert shares[0] == 0 and 0.05 < shares[2] < 0.2 < shares[4] < 0.4
    handle.detach()
    handle = autodropout.attach(model)
    with pytest.raises(ValueError, match="the pattern has a schedule"):
        handle.step()
    handle.step(0.5)
    assert handle.strengths.tolist() == [0.5]
