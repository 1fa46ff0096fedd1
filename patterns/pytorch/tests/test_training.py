"""A pattern through all that a training does."""

import copy
import io
from dataclasses import replace

import pytest
import torch
import torchvision
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

import autodropout
from autodropout import Block, Pattern, PatternDropout, Place
from autodropout.pattern import PLACES

BLOCK = Block(0.5, 0.5, 2, 15, 0.1, 0, False, True)
PATTERN = Pattern(stages=((BLOCK,),) * 4)
SEQUENCE = Pattern(places={p: Place(2, 1, True, False, 0.3) for p in PLACES})


def resnet():
    """A ResNet of few channels."""
    model = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=10)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.bias)
    return model


def encoder():
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2, enable_nested_tensor=False)


def without_dropout(model):
    """The model without the dropout that PyTorch's generator draws."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0
        if isinstance(module, nn.MultiheadAttention):
            module.dropout = 0
    return model


X = torch.linspace(-1, 1, 4 * 3 * 32 * 32).sin().view(4, 3, 32, 32)


class Masks:
    """A model that returns its masks, which are what it makes of ones."""

    def __init__(self, **options):
        self.model = nn.Sequential(PatternDropout(BLOCK, "site"))
        self.handle = autodropout.attach(self.model, **options)

    def __call__(self, n):
        return self.model(torch.ones(n, 3, 8, 8)) > 0


def test_steps_have_other_masks_in_every_epoch():
    masks, seen = Masks(), []
    for _ in range(2):
        for _ in range(3):
            seen.append(masks(2))
            masks.handle.step()
    assert masks.handle.steps == 6
    assert not any(torch.equal(a, b) for i, a in enumerate(seen) for b in seen[:i])
    masks.model.eval()
    assert masks(2).all()


def test_parts_are_one_batch():
    """Parts of a batch that are accumulated have the masks of the whole."""
    masks, whole = Masks(), Masks()(6)
    assert torch.equal(torch.cat([masks(2), masks(3), masks(1)]), whole)
    masks.handle.step()
    assert not torch.equal(masks(6), whole)


def test_evaluation_is_not_counted():
    masks = Masks()
    first = masks(2)
    masks.model.eval()(torch.ones(5, 3, 8, 8))
    masks.model.train()
    assert torch.equal(torch.cat([first, masks(2)]), Masks()(4))


def test_ranks_are_one_batch():
    """Example i of rank r is example i*ranks + r, as DistributedSampler deals them;
    batches of different sizes have no example in common."""
    whole = Masks()(10)
    first, second = Masks(rank=0, ranks=2), Masks(rank=1, ranks=2)
    parts = [torch.cat([first(3), first(2)]), torch.cat([second(2), second(3)])]
    assert torch.equal(torch.stack(parts, 1).flatten(0, 1), whole)


def ranks_of_a_group(rank, file, queue):
    torch.distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 3, 1), PatternDropout(BLOCK, "site"))
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.fill_(1)
    autodropout.attach(model)
    queue.put((rank, (DistributedDataParallel(model)(torch.ones(2, 3, 8, 8)) > 0).tolist()))
    torch.distributed.barrier()


def test_torch_distributed(tmp_path):
    context = torch.multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=ranks_of_a_group, args=(r, tmp_path / "group", queue)) for r in range(2)]
    for p in processes:
        p.start()
    got = dict(queue.get(timeout=120) for _ in processes)
    for p in processes:
        p.join()
    assert torch.equal(torch.tensor([got[0], got[1]]).transpose(0, 1).flatten(0, 1), Masks()(4))


def test_state():
    masks = Masks(seed=5)
    masks(2)
    masks.handle.step()
    masks(2)
    buffer = io.BytesIO()
    torch.save(masks.handle.state_dict(), buffer)
    buffer.seek(0)
    other = Masks()
    other.handle.load_state_dict(torch.load(buffer))
    assert torch.equal(other(3), masks(3))
    with pytest.raises(ValueError, match="the state has no example, pattern, progress"):
        other.handle.load_state_dict({"seed": 0, "step": 0})
    with pytest.raises(ValueError, match="belongs to another pattern"):
        autodropout.attach(nn.Sequential(PatternDropout(BLOCK))).load_state_dict(masks.handle.state_dict())


@pytest.mark.parametrize("make, pattern, x", [(resnet, PATTERN, X), (encoder, SEQUENCE, torch.rand(3, 5, 16))])
@pytest.mark.parametrize("way", ["deepcopy", "save"])
def test_copies(make, pattern, x, way):
    """A copy has a handle of its own, which changes nothing in the model."""
    model = without_dropout(make())
    handle = autodropout.attach(model, pattern)
    handle.step()
    if way == "deepcopy":
        other = copy.deepcopy(model)
    else:
        buffer = io.BytesIO()
        torch.save(model, buffer)
        buffer.seek(0)
        other = torch.load(buffer, weights_only=False)
    torch.testing.assert_close(other(x), model(x))
    copied = autodropout.attached(other)
    assert copied is not handle and copied.model is other and copied.steps == 1
    copied.step()
    assert handle.steps == 1
    y = model(x)
    copied.detach()
    assert autodropout.attached(model) is handle and autodropout.attached(other) is None
    handle.next.sub_(len(x))
    assert torch.equal(model(x), y)


def test_state_of_a_pattern_that_was_written():
    """A file has 1 where the program has 1.0: it is the same pattern."""
    row = Block(1.0, 0.5, 2, 15.0, 0.0, 0.0, False, True, scatter=0.0)
    (written,) = autodropout.parse(autodropout.dumps(Pattern(stages=((row,),)))).stages[0]
    state = autodropout.attach(nn.Sequential(PatternDropout(row))).state_dict()
    autodropout.attach(nn.Sequential(PatternDropout(written))).load_state_dict(state)


def count_drops(model, monkeypatch):
    seen = []
    drop = PatternDropout.drop
    monkeypatch.setattr(PatternDropout, "drop", lambda place, y: seen.append(place.site) or drop(place, y))
    return seen


def test_conversion_to_sync_batchnorm():
    """Modules that take the place of others are given the hooks: by step, and by a pass."""
    for step in (True, False):
        model = resnet()
        handle = autodropout.attach(model, PATTERN)
        converted = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        assert not any(m._forward_hooks for m in converted.modules() if isinstance(m, nn.SyncBatchNorm))
        if step:
            handle.step()
        else:
            converted(X)
        hooked = [m for m in converted.modules() if isinstance(m, nn.SyncBatchNorm) and m._forward_hooks]
        assert len(hooked) == 8
    model.layer1 = nn.Identity()
    with pytest.raises(RuntimeError, match="the model has no module layer1.0.bn1 any more"):
        handle.step()


def test_frozen_batchnorm(monkeypatch):
    """A normalisation in evaluation is no block in evaluation."""
    model = resnet()
    handle = autodropout.attach(model, PATTERN)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    seen = count_drops(model, monkeypatch)
    model(X)
    assert sorted(seen) == sorted(handle.sites)
    handle.detach()
    model = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], norm_layer=torchvision.ops.FrozenBatchNorm2d)
    sites = autodropout.attach(model, PATTERN).sites
    seen.clear()
    model(X)
    assert len(seen) == len(sites) == 12


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoint(reentrant):
    """What is computed again has the same masks."""
    grads = []
    for again in (False, True):
        torch.manual_seed(0)
        model = resnet()
        autodropout.attach(model, PATTERN)
        if again:
            for layer in (model.layer2, model.layer3):
                forward = layer.forward
                layer.forward = lambda x, forward=forward: checkpoint(forward, x, use_reentrant=reentrant)
        for part in (X[:2], X[2:]):
            model(part).square().sum().backward()
        grads.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    torch.testing.assert_close(grads[0], grads[1])


def test_checkpoint_after_two_passes():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), PatternDropout(BLOCK))
    autodropout.attach(model)
    layers = list(model)
    model.forward = lambda x: checkpoint(lambda x: layers[1](layers[0](x)), x, use_reentrant=False)
    a, b = model(X), model(X)
    with pytest.raises(RuntimeError, match="call backward after every pass"):
        (a.sum() + b.sum()).backward()


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoint_around_the_model(reentrant):
    """The whole model is computed again for the examples that it had, which are not counted twice."""
    masks, plain = Masks(), Masks()
    for n in (2, 3):
        x = torch.ones(n, 3, 8, 8, requires_grad=True)
        y = checkpoint(masks.model, x, use_reentrant=reentrant)
        y.sum().backward()
        assert torch.equal(y > 0, plain(n)) and torch.equal(x.grad, y)
    a, b = (checkpoint(masks.model, torch.ones(2, 3, 8, 8, requires_grad=True), use_reentrant=reentrant) for _ in range(2))
    with pytest.raises(RuntimeError, match="the model is computed again after 2 passes"):
        (a.sum() + b.sum()).backward()


def test_checkpoint_beside_passes_without_gradients():
    """A pass without gradients may come before one that is computed again, not after it. A step
    ends what may be computed again."""
    model = nn.Sequential(nn.Conv2d(3, 3, 1), PatternDropout(BLOCK))
    handle = autodropout.attach(model)
    layers = list(model)
    model.forward = lambda x: checkpoint(lambda x: layers[1](layers[0](x)), x, use_reentrant=False)
    with torch.no_grad():
        model(X)
    y = model(X)
    y.sum().backward()
    y = model(X)
    with torch.no_grad():
        model(X)
    with pytest.raises(RuntimeError, match="call backward after every pass"):
        y.sum().backward()
    model(X)
    handle.step()
    model(X).sum().backward()


def test_data_parallel():
    """Copies in threads are refused: they cannot count examples together."""
    masks = Masks()
    with pytest.raises(RuntimeError, match="use DistributedDataParallel"):
        masks.model._replicate_for_data_parallel()(torch.ones(2, 3, 8, 8))


@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="there is no GPU of Apple")
@pytest.mark.parametrize("row", [BLOCK, replace(BLOCK, schedule="up"), replace(BLOCK, scatter=0.3, schedule="down")])
def test_mps(row):
    """A device without float64 draws the same masks."""
    model = nn.Sequential(PatternDropout(row, "site"))
    handle = autodropout.attach(model, steps=4)
    handle.step()
    want = model(torch.ones(4, 3, 8, 8)) > 0
    handle.next.zero_()
    assert torch.equal((model(torch.ones(4, 3, 8, 8, device="mps")) > 0).cpu(), want)


@pytest.mark.parametrize("make, pattern, x", [(resnet, PATTERN, X), (encoder, SEQUENCE, torch.rand(3, 5, 16))])
def test_autocast(make, pattern, x):
    """Masks are the same in lower precision, and gradients arrive."""
    model = without_dropout(make())
    handle = autodropout.attach(model, pattern)
    want = model(x)
    handle.next.zero_()
    with torch.autocast("cpu", torch.bfloat16):
        got = model(x)
    got.float().sum().backward()
    assert (got.float() - want).norm() < 0.1 * want.norm()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_precision(dtype):
    """Factors are not rounded to the tensor's precision before they multiply."""
    masks = Masks()
    y = masks.model(torch.full((4, 3, 8, 8), 3, dtype=dtype))
    masks.handle.next.zero_()
    factor = masks.model(torch.ones(4, 3, 8, 8)).max()
    assert y.dtype == dtype and y.max() == (3 * factor.double()).to(dtype)


COMPILED = {
    "resnet": (resnet, PATTERN, X),
    "schedule": (resnet, Pattern(stages=((Block(0.5, 0.5, 2, 15, 0.1, 0, False, True, schedule="up"),),) * 4), X),
    "scatter": (resnet, Pattern(stages=((Block(0.5, 0.5, 2, 15, 0.1, 0, False, False, scatter=0.3, cells=2, schedule="down"),),) * 4), X),
    "encoder": (encoder, SEQUENCE, torch.rand(3, 5, 16)),
}


@pytest.mark.parametrize("name", COMPILED)
def test_compile(name):
    """One graph, compiled once, that draws other masks at each step: those of the
    model as it is."""
    make, pattern, x = COMPILED[name]
    torch._dynamo.reset()
    model = without_dropout(make())
    handle = autodropout.attach(model, pattern, steps=4)
    other = copy.deepcopy(model)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    for step in range(3):
        with torch._dynamo.config.patch(error_on_recompile=step > 1):
            got = compiled(x)
        torch.testing.assert_close(got, other(x), atol=1e-4, rtol=1e-4)
        handle.step()
        autodropout.attached(other).step()


def test_compile_after_a_conversion():
    """A program that is compiled after modules were replaced has the hooks."""
    torch._dynamo.reset()
    model = nn.Sequential(nn.BatchNorm2d(3))
    autodropout.attach(model, Pattern(stages=((BLOCK,),)), names=[[["0"]]])
    model[0] = nn.BatchNorm2d(3)
    y = torch.compile(model, fullgraph=True, backend="eager")(X)
    assert (y == 0).float().mean() > 0.1


def test_inductor():
    """The default compiler draws the same bits."""
    torch._dynamo.reset()
    masks = Masks()
    want = masks(4)
    masks.handle.next.zero_()
    assert torch.equal(torch.compile(masks.model, fullgraph=True)(torch.ones(4, 3, 8, 8)) > 0, want)
    place = nn.Sequential(PatternDropout(Place(1, 0, False, False, 0.4)))
    handle = autodropout.attach(place)
    x = torch.ones(3, 9, 21)
    want = place(x)
    handle.next.zero_()
    assert torch.equal(torch.compile(place, fullgraph=True)(x), want)
