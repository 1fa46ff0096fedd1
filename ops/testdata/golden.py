"""Writes ops.safetensors: inputs, outputs and gradients of every operation, by PyTorch.

    pip install torch==2.15.0 safetensors numpy
    python golden.py

A case "Conv2D/pad" has inputs in0, in1, ..., the output out, the gradient dy that
flows into it, and the gradients grad0, grad1, ... Images are channels last and
kernels (KH, KW, Cin/groups, Cout), as in package ops.
"""

import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

EXPECTED = "2.15.0"
assert torch.__version__.split("+")[0] == EXPECTED, f"made with torch {EXPECTED}, this is {torch.__version__}"

torch.manual_seed(20260101)
torch.set_num_threads(1)
tensors = {}


def normal(*shape):
    return torch.randn(*shape)


def case(name, f, *inputs, extra=None):
    inputs = [x.clone().requires_grad_() for x in inputs]
    out = f(*inputs)
    dy = torch.randn(out.shape)
    (out * dy).sum().backward()
    tensors[f"{name}.out"] = out.detach()
    tensors[f"{name}.dy"] = dy
    for i, x in enumerate(inputs):
        tensors[f"{name}.in{i}"] = x.detach()
        tensors[f"{name}.grad{i}"] = x.grad if x.grad is not None else torch.zeros_like(x)
    for key, value in (extra or {}).items():
        tensors[f"{name}.{key}"] = value.float()


def images(x):  # NHWC -> NCHW
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def conv(**spec):
    return lambda x, w: channels_last(F.conv2d(images(x), w.permute(3, 2, 0, 1), **spec))


def ties(*shape):  # some equal elements, and some at 0
    return torch.randint(-2, 3, shape).float()


x, y = normal(3, 5), normal(3, 5)
case("Add", torch.add, x, y)
case("Sub", torch.sub, x, y)
case("Mul", torch.mul, x, y)
case("Maximum", torch.maximum, x, y)
case("Maximum/ties", torch.maximum, ties(4, 6), ties(4, 6))
case("Minimum", torch.minimum, x, y)
case("Minimum/ties", torch.minimum, ties(4, 6), ties(4, 6))
case("AddBias", torch.add, normal(2, 3, 5), normal(5))
case("Scale", lambda x: 2.5 * x, x)
case("AddScalar", lambda x: x - 1.25, x)
case("Neg", torch.neg, x)
case("Clamp", lambda x: x.clamp(-0.5, 0.75), x)
case("Clamp/ties", lambda x: x.clamp(-1, 1), ties(4, 6))
case("Exp", torch.exp, x)
case("Log", torch.log, x.abs() + 0.1)
case("ReLU", torch.relu, normal(7, 9))
case("ReLU/ties", torch.relu, ties(4, 6))
case("Sigmoid", torch.sigmoid, 3 * x)
case("Tanh", torch.tanh, 2 * x)
case("GELU", F.gelu, 2 * x)
case("SiLU", F.silu, 2 * x)

case("MatMul", torch.matmul, normal(3, 4), normal(4, 5))
case("MatMul/transA", lambda a, b: a.t() @ b, normal(4, 3), normal(4, 5))
case("MatMul/transB", lambda a, b: a @ b.t(), normal(3, 4), normal(5, 4))
case("MatMul/transAB", lambda a, b: a.t() @ b.t(), normal(4, 3), normal(5, 4))
case("Linear", F.linear, normal(2, 3, 4), normal(5, 4), normal(5))
case("Linear/noBias", F.linear, normal(3, 4), normal(5, 4))

case("Conv2D", conv(), normal(2, 5, 6, 3), normal(3, 3, 3, 4))
case("Conv2D/pad", conv(padding=1), normal(2, 5, 4, 3), normal(3, 3, 3, 4))
case("Conv2D/stride", conv(padding=1, stride=2), normal(2, 5, 6, 3), normal(3, 3, 3, 4))
case("Conv2D/pointwise", conv(), normal(2, 3, 4, 3), normal(1, 1, 3, 5))
case("Conv2D/pointwiseStride", conv(stride=2), normal(2, 5, 4, 3), normal(1, 1, 3, 5))
case("Conv2D/dilation", conv(padding=2, dilation=2), normal(1, 6, 5, 2), normal(3, 3, 2, 3))
case("Conv2D/groups", conv(padding=1, groups=2), normal(2, 4, 4, 4), normal(3, 3, 2, 6))
case("Conv2D/depthwiseStride", conv(padding=1, stride=2, groups=3), normal(2, 5, 5, 3), normal(3, 3, 1, 3))
case("Conv2D/oblong", conv(padding=1), normal(1, 4, 6, 2), normal(2, 3, 2, 3))


def batch_norm(name, training, then=lambda y: y, residuals=0, shape=(4, 3, 2, 5)):
    c = shape[-1]
    mean, var = normal(c), normal(c).abs() + 0.5
    after_mean, after_var = mean.clone(), var.clone()

    def f(x, gamma, beta, *residual):
        flat = x.reshape(-1, c)
        y = F.batch_norm(flat, after_mean, after_var, gamma, beta, training, momentum=0.2, eps=1e-3)
        return then(sum(residual, y.reshape(x.shape)))

    case(f"{name}/{'train' if training else 'eval'}", f, 2 * normal(*shape) + 3, normal(c), normal(c), *(normal(*shape) for _ in range(residuals)),
         extra=dict(mean=mean, var=var, afterMean=after_mean, afterVar=after_var))


batch_norm("BatchNorm", True)
batch_norm("BatchNorm", False)
batch_norm("BatchNormReLU", True, torch.relu)
batch_norm("BatchNormReLU", False, torch.relu)
case("LayerNorm", lambda x, g, b: F.layer_norm(x, (6,), g, b, 1e-3), 2 * normal(2, 3, 6) + 1, normal(6), normal(6))

case("Embedding", lambda w: F.embedding(torch.tensor([[1, 4, 1], [0, 1, 3]]), w), normal(5, 4))
case("Softmax", lambda x: F.softmax(x, -1), 3 * normal(2, 3, 5))
case("LogSoftmax", lambda x: F.log_softmax(x, -1), 3 * normal(2, 3, 5))
labels = torch.tensor([2, 0, 4, 2])
case("CrossEntropy", lambda x: F.cross_entropy(x, labels), 3 * normal(4, 5))
case("CrossEntropy/smoothing", lambda x: F.cross_entropy(x, labels, label_smoothing=0.1), 3 * normal(4, 5))
case("Pick", lambda x: x[torch.arange(4), labels], normal(4, 5))

case("Sum", torch.sum, x)
case("Mean", torch.mean, x)
case("Sum/last", lambda x: x.sum(-1), normal(2, 3, 4))
case("Reshape", lambda x: x.reshape(2, 6), normal(3, 4))
case("Transpose", lambda x: x.permute(2, 0, 1), normal(2, 3, 4))
case("Transpose/rows", lambda x: x.permute(1, 0, 2), normal(2, 3, 4))
case("Concat", lambda a, b, c: torch.cat([a, b, c], 1), normal(2, 1, 3), normal(2, 4, 3), normal(2, 2, 3))
case("Slice", lambda x: x[:, 1:3], normal(2, 4, 3))
case("Detach", lambda x: x * x.detach(), normal(3, 4))

case("GlobalAvgPool", lambda x: x.mean((1, 2)), normal(2, 3, 4, 5))
case("AvgPool2D", lambda x: channels_last(F.avg_pool2d(images(x), 2)), normal(2, 4, 5, 3))
case("AvgPool2D/pad", lambda x: channels_last(F.avg_pool2d(images(x), 3, 2, 1)), normal(2, 5, 4, 3))
case("MaxPool2D", lambda x: channels_last(F.max_pool2d(images(x), 2)), normal(2, 4, 5, 3))
case("MaxPool2D/pad", lambda x: channels_last(F.max_pool2d(images(x), 3, 2, 1)), normal(2, 5, 4, 3))

def heads(x, n):  # (N, T, n*D) -> (N, n, T, D)
    return x.unflatten(-1, (n, -1)).transpose(1, 2)


def attend(n, **spec):
    return lambda q, k, v: F.scaled_dot_product_attention(heads(q, n), heads(k, n), heads(v, n), **spec).transpose(1, 2).flatten(2)


case("Attention", attend(2), normal(2, 3, 8), normal(2, 5, 8), normal(2, 5, 6))
case("Attention/causal", attend(2, is_causal=True, scale=0.7), normal(2, 4, 6), normal(2, 4, 6), normal(2, 4, 6))
case("Attention/causalMemory",  # three queries at the end of five keys
     attend(2, attn_mask=torch.ones(3, 5, dtype=torch.bool).tril(2)), normal(1, 3, 8), normal(1, 5, 8), normal(1, 5, 8))

keep = torch.rand(5, 7) > 0.3
case("Dropout", lambda x: x * keep / 0.7, normal(5, 7), extra=dict(keep=keep))

lengths = torch.tensor([2, 5])
case("Attention/lengths", attend(2, attn_mask=(torch.arange(5) < lengths[:, None])[:, None, None]),
     normal(2, 3, 8), normal(2, 5, 8), normal(2, 5, 8))


def masked_softmax(scores, keep, factor):
    """Causal, the queries at the end of the keys."""
    t, s = scores.shape[-2:]
    hidden = torch.ones(t, s, dtype=torch.bool).triu(s - t + 1)
    return scores.masked_fill(hidden, -torch.inf).softmax(-1) * keep * factor


def dropped(q, k, v, keep):
    p = masked_softmax(heads(q, 2) @ heads(k, 2).transpose(-2, -1) / 2, keep, 1.25)
    return (p @ heads(v, 2)).transpose(1, 2).flatten(2)


keep = torch.rand(2, 2, 3, 5) > 0.3
case("Attention/mask", lambda q, k, v: dropped(q, k, v, keep), normal(2, 3, 8), normal(2, 5, 8), normal(2, 5, 8), extra=dict(keep=keep))


def relative(q, k, v, r, u, w, keep, factor):
    """Dai et al. 2019, appendix B, with the distance of every pair looked up."""
    n, d = u.shape
    t, s = q.shape[1], k.shape[1]
    distance = (torch.arange(s - t, s)[:, None] - torch.arange(s)).clamp(min=0)
    encoding = r.unflatten(-1, (n, d)).flip(0)[distance]  # (T, S, n, D)
    q = heads(q, n)
    content = (q + u[:, None]) @ heads(k, n).transpose(-2, -1)
    position = torch.einsum("bhid,ijhd->bhij", q + w[:, None], encoding)
    p = masked_softmax((content + position) * d**-0.5, keep, factor)
    return (p @ heads(v, n)).transpose(1, 2).flatten(2)


shapes = (2, 3, 8), (2, 5, 8), (2, 5, 6), (5, 8), (2, 4), (2, 4)
case("RelativeAttention", lambda *x: relative(*x, 1, 1), *(normal(*shape) for shape in shapes))
keep = torch.rand(2, 2, 3, 5) > 0.3
case("RelativeAttention/mask", lambda *x: relative(*x, keep, 1.25), *(normal(*shape) for shape in shapes), extra=dict(keep=keep))

keep = torch.rand(5, 7) > 0.3
case("EmbeddingDropout", lambda w: F.embedding(torch.tensor([[1, 4, 1], [0, 1, 3]]), w * keep / 0.7), normal(5, 7), extra=dict(keep=keep))

case("ScaleChannels", lambda x, s: x * s[:, None, None], normal(2, 3, 2, 5), normal(2, 5))

batch_norm("BatchNormAddReLU", True, torch.relu, 1)
batch_norm("BatchNormAddReLU", False, torch.relu, 1)

case("Add/broadcast", torch.add, normal(2, 1, 5), normal(3, 1))
case("Sub/broadcast", torch.sub, normal(2, 3, 5), normal(3, 1))
case("Mul/broadcast", torch.mul, normal(5), normal(4, 1, 1))
case("Div", torch.div, normal(3, 5), normal(3, 5).abs() + 0.5)
case("Div/broadcast", torch.div, normal(3, 5), normal(2, 1, 5).abs() + 0.5)
case("Maximum/broadcast", torch.maximum, ties(4, 6), ties(2, 1, 6))
case("Minimum/broadcast", torch.minimum, ties(4, 1), ties(6))
condition = torch.rand(3, 1, 5) > 0.5
case("Where", lambda a, b: torch.where(condition, a, b), normal(2, 1), normal(2, 5), extra=dict(condition=condition))
case("Abs", torch.abs, ties(4, 6))
case("Sqrt", torch.sqrt, normal(3, 5).abs() + 0.1)
case("Pow", lambda x: x**-1.7, normal(3, 5).abs() + 0.5)
case("Pow/whole", lambda x: x**3, ties(4, 6))
case("Sum/axes", lambda x: x.sum((0, 2)), normal(2, 3, 4, 5))
case("Mean/axes", lambda x: x.mean((1, -1)), normal(2, 3, 4, 5))
case("Max", lambda x: x.amax(), normal(3, 5))
case("Max/ties", lambda x: x.amax((0, 2)), ties(2, 3, 6, 2))
case("MatMul/batch", torch.matmul, normal(2, 3, 4), normal(2, 4, 5))
case("MatMul/batchTransA", lambda a, b: a.mT @ b, normal(2, 4, 3), normal(4, 5))
case("MatMul/broadcast", lambda a, b: a @ b.mT, normal(2, 1, 3, 4), normal(5, 6, 4))
case("MatMul/rows", torch.matmul, normal(2, 3, 4), normal(4, 5))
index = torch.randint(0, 4, (2, 6, 3))
case("Gather", lambda x: torch.gather(x, 1, index), normal(2, 4, 3), extra=dict(ids=index))
case("Pad", lambda x: F.pad(x, (0, 0, 2, 1, 0, 3), value=0.5), normal(2, 3, 4))

weights = torch.tensor([0.5, 2.0, 1.0, 0.0, 3.0])
case("CrossEntropy/weights", lambda x: F.cross_entropy(x, labels, weight=weights, label_smoothing=0.2), 3 * normal(4, 5))
case("CrossEntropy/ignored", lambda x: F.cross_entropy(x, labels, weight=weights, ignore_index=2, label_smoothing=0.2), 3 * normal(4, 5))
case("CrossEntropy/ignoredPlain", lambda x: F.cross_entropy(x, labels, ignore_index=2), 3 * normal(4, 5))
soft = F.softmax(normal(4, 5), -1)
case("SoftCrossEntropy", lambda x: F.cross_entropy(x, soft), 3 * normal(4, 5), extra=dict(targets=soft))
case("SoftCrossEntropy/weights", lambda x: F.cross_entropy(x, soft, weight=weights, label_smoothing=0.2), 3 * normal(4, 5), extra=dict(targets=soft))
case("MSE", F.mse_loss, normal(3, 5), normal(3, 5))
case("L1", F.l1_loss, ties(4, 6), ties(4, 6))
case("Huber", lambda a, b: F.huber_loss(a, b, delta=0.7), normal(3, 5), normal(3, 5))
targets = torch.rand(3, 5)
case("BCEWithLogits", lambda x: F.binary_cross_entropy_with_logits(x, targets), 20 * normal(3, 5), extra=dict(targets=targets))
case("BCEWithLogits/positive", lambda x: F.binary_cross_entropy_with_logits(x, targets.round(), pos_weight=weights), 3 * normal(3, 5),
     extra=dict(targets=targets.round()))
distribution = F.softmax(normal(3, 5), -1) * torch.tensor([0.0, 1, 1, 1, 1])
case("KLDivergence", lambda x: F.kl_div(x, distribution, reduction="batchmean"), F.log_softmax(normal(3, 5), -1), extra=dict(targets=distribution))
case("CosineSimilarity", lambda a, b: F.cosine_similarity(a, b, -1), normal(2, 3, 5), normal(2, 3, 5))
case("CosineSimilarity/zero", lambda a, b: F.cosine_similarity(a, b, -1), torch.tensor([[0.0, 0], [3, 4]]), normal(2, 2))
signs = torch.tensor([1, -1, 1, -1])
case("CosineLoss", lambda a, b: F.cosine_embedding_loss(a, b, signs, margin=0.1), normal(4, 3), normal(4, 3))


def ctc(labels, lengths, **spec):
    counts = torch.tensor([len(sequence) for sequence in labels])
    flat = torch.tensor([label for sequence in labels for label in sequence], dtype=torch.long)
    return lambda x: F.ctc_loss(F.log_softmax(x, -1).transpose(0, 1), flat, torch.tensor(lengths), counts, **spec)


case("CTC", ctc([[1, 2, 2], [3], []], [6, 6, 6]), 2 * normal(3, 6, 4))
case("CTC/lengths", ctc([[0, 2, 1], [1, 1], [2, 2, 2]], [7, 4, 5], blank=3), 2 * normal(3, 7, 4))
case("CTC/tooLong", ctc([[1, 1, 1], [2, 1]], [4, 5], zero_infinity=True), 2 * normal(2, 5, 4))

case("Conv2D/across", conv(padding=(1, 2), stride=(2, 3), dilation=(2, 1)), normal(2, 7, 8, 3), normal(3, 2, 3, 4))


def conv_transpose(**spec):
    return lambda x, w: channels_last(F.conv_transpose2d(images(x), w.permute(3, 2, 0, 1), **spec))


case("ConvTranspose2D", conv_transpose(), normal(2, 3, 4, 5), normal(3, 3, 2, 5))
case("ConvTranspose2D/stride", conv_transpose(stride=2, padding=1, output_padding=1), normal(2, 3, 4, 5), normal(3, 3, 2, 5))
case("ConvTranspose2D/groups", conv_transpose(stride=(1, 2), padding=(0, 1), dilation=(2, 1), groups=2, output_padding=(1, 0)), normal(2, 3, 4, 4), normal(2, 3, 3, 4))
case("ConvTranspose2D/pointwise", conv_transpose(stride=2, output_padding=1), normal(2, 3, 4, 5), normal(1, 1, 2, 5))
case("Conv1D", lambda x, w: F.conv1d(x.mT, w.permute(2, 1, 0), stride=2, padding=2, dilation=3, groups=2).mT, normal(2, 11, 4), normal(3, 2, 6))


def interpolate(**spec):
    return lambda x: channels_last(F.interpolate(images(x), **spec))


image = normal(2, 3, 5, 3)
case("Upsample", interpolate(scale_factor=2, mode="nearest"), image)
case("Upsample/size", interpolate(size=(7, 4), mode="nearest"), image)
case("Upsample/scale", interpolate(scale_factor=1.5, mode="nearest"), image)
case("Upsample/bilinear", interpolate(size=(7, 4), mode="bilinear"), image)
case("Upsample/bilinearScale", interpolate(scale_factor=1.5, mode="bilinear"), image)
case("Upsample/corners", interpolate(size=(7, 8), mode="bilinear", align_corners=True), image)
case("AdaptiveAvgPool2D", lambda x: channels_last(F.adaptive_avg_pool2d(images(x), (3, 2))), normal(2, 5, 7, 3))
case("AdaptiveAvgPool2D/larger", lambda x: channels_last(F.adaptive_avg_pool2d(images(x), (7, 4))), normal(2, 5, 3, 3))
case("AdaptiveMaxPool2D", lambda x: channels_last(F.adaptive_max_pool2d(images(x), (3, 2))), normal(2, 5, 7, 3))
case("GroupNorm", lambda x, g, b: channels_last(F.group_norm(images(x), 3, g, b, 1e-3)), 2 * normal(2, 3, 4, 6) + 3, normal(6), normal(6))
case("GroupNorm/instance", lambda x: channels_last(F.instance_norm(images(x), eps=1e-3)), 2 * normal(2, 3, 4, 6) + 3)
case("RMSNorm", lambda x, g: F.rms_norm(x, (6,), g, 1e-3), 2 * normal(2, 3, 6) + 1, normal(6))


def recurrent(step, planes, lengths=None, reverse=False):
    """All states of a layer, one step after another with PyTorch's cell."""

    def run(x, w, b, *state):
        state, states = torch.stack(state), []
        order = range(len(x))
        eye = torch.eye(w.size(0))
        states.append(state)
        for t in reversed(order) if reverse else order:
            new = step(x[t], state, eye, w, torch.zeros_like(b), b)
            if lengths is not None:
                new = torch.where((t < torch.tensor(lengths))[:, None], new, state)
            state = new
            states.append(state)
        return torch.stack(states[::-1] if reverse else states, 1)

    return run


def lstm_step(x, state, *weights):
    return torch.stack(torch.lstm_cell(x, tuple(state), *weights))


def gru_step(x, state, *weights):
    return torch.gru_cell(x, state[0], *weights)[None]


for name, step, gates, planes in ("LSTM", lstm_step, 4, 2), ("GRU", gru_step, 3, 1):
    shapes = (4, 2, 3 * gates), (3 * gates, 3), (3 * gates,), *(((2, 3),) * planes)
    case(name, recurrent(step, planes), *(normal(*shape) for shape in shapes))
    case(f"{name}/reverse", recurrent(step, planes, reverse=True), *(normal(*shape) for shape in shapes))
    case(f"{name}/lengths", recurrent(step, planes, [3, 0], True), *(normal(*shape) for shape in shapes))


def conv_batch_norm(name, training, act, *inputs, **spec):
    c = inputs[1].shape[-1]
    mean, var = normal(c), normal(c).abs() + 0.5

    def f(x, w, gamma, beta, *residual):
        y = F.batch_norm(conv(**spec)(x, w).permute(0, 3, 1, 2), mean.clone(), var.clone(), gamma, beta, training, eps=1e-3)
        return act(sum(residual, channels_last(y)))

    case(f"ConvBatchNorm/{name}", f, *inputs, extra=dict(mean=mean, var=var))


conv_batch_norm("train", True, F.silu, normal(2, 4, 3, 3), normal(3, 3, 3, 2), normal(2), normal(2), normal(2, 4, 3, 2), padding=1)
conv_batch_norm("eval", False, torch.relu, normal(2, 4, 3, 3), normal(3, 3, 3, 2), normal(2), normal(2), padding=1)
case("Select", lambda x: x.index_select(1, torch.tensor([3, 0, 0, 2, 1])), normal(2, 4, 3))
batch_norm("BatchNormSiLU", True, F.silu)
batch_norm("BatchNormSiLU", False, F.silu)
for name, channels in ("Conv2DMaxPool", 9), ("Conv2DMaxPool/taps", 2):
    case(name, lambda x, w: channels_last(F.max_pool2d(images(conv(padding=1)(x, w)), 2)), normal(2, 7, 8, channels), normal(3, 3, channels, 8))
batch_norm("BatchNormGELU", True, F.gelu)
batch_norm("BatchNormGELU", False, F.gelu)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ops.safetensors")
save_file({k: v.clone(memory_format=torch.contiguous_format) for k, v in sorted(tensors.items())}, path, metadata={"torch": EXPECTED})
print(f"{len(tensors)} tensors, {os.path.getsize(path)} bytes")
