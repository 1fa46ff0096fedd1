"""Times convolutions in PyTorch on the shapes of `benchmarks/speed -run conv -json`.

Reads those JSON lines and prints one for each of them. Every pass is timed
alone; GFLOPS count the direct algorithm, as ours do.
"""

import argparse
import json
import os

import torch
import torch.nn.functional as F

from measuring import seconds_a_call

FORMATS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}


def one_pass(shape, memory_format):
    """A function that computes the pass once, and the direct algorithm's operations."""
    size, kernel, stride, padding = shape["size"], shape["kernel"], shape["stride"], shape["kernel"] // 2
    x = torch.rand(shape["batch"], shape["in"], size, size).contiguous(memory_format=memory_format)
    groups = shape.get("groups", 1)
    w = torch.rand(shape["out"], shape["in"] // groups, kernel, kernel).contiguous(memory_format=memory_format)
    y = F.conv2d(x, w, stride=stride, padding=padding, groups=groups)
    flops = 2 * y.numel() * shape["in"] // groups * kernel * kernel
    if shape["pass"] == "forward":
        return lambda: F.conv2d(x, w, stride=stride, padding=padding, groups=groups), flops
    dy = torch.rand_like(y)
    wanted = [shape["pass"] == "dX", shape["pass"] == "dW", False]
    backward = torch.ops.aten.convolution_backward
    pair = lambda number: [number, number]
    return lambda: backward(dy, x, w, None, pair(stride), pair(padding), pair(1), False, pair(0), groups, wanted), flops


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", type=argparse.FileType(), help="what `speed -run conv -json` printed; - is standard input")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--format", choices=FORMATS, default="nchw", help="of images in memory")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    for line in args.shapes:
        shape = json.loads(line)
        call, flops = one_pass(shape, FORMATS[args.format])
        print(json.dumps({
            "name": shape["name"],
            "peer": f"PyTorch {torch.__version__} {args.format}",
            "threads": args.threads,
            "gflops": flops / seconds_a_call(call) / 1e9,
        }), flush=True)


if __name__ == "__main__":
    main()
