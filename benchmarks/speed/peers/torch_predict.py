"""Times predictions in PyTorch: those that `benchmarks/speed -run predict` times.

A prediction is a forward pass in evaluation mode, without gradients, on the same random images each
time. Prints one JSON object.
"""

import argparse
import json
import os
import queue
import statistics
import threading
import time

import torch
import torch.nn as nn

from measuring import peak_rss_mb

FORMATS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}


def small_net():
    stages, channels = [], 3
    for out in (16, 32, 64, 128):
        stages += [nn.Conv2d(channels, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
        channels = out
    return nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


def make(name):
    if name == "cnn-64":
        return small_net(), 64
    import torchvision  # only these models need it

    model = torchvision.models.resnet50 if name == "resnet50-224" else torchvision.models.efficientnet_b0
    return model(), 224


def serve(model, image, clients, batch, seconds):
    """Callers wait for one image each, and a thread predicts what waits, as package serve does.

    Returns the images a second, and how long each was waited for.
    """
    waiting, waits, ended = queue.Queue(), [], threading.Event()
    sizes = [batch] + [2**i for i in range(10) if 2**i < batch][::-1]  # as package serve does: no other sizes are compiled

    def predict():
        with torch.inference_mode():
            while not ended.is_set() or not waiting.empty():
                try:
                    todo = [waiting.get(timeout=0.1)]
                except queue.Empty:
                    continue
                while len(todo) < batch and not waiting.empty():
                    todo.append(waiting.get())
                while todo:
                    size = next(n for n in sizes if n <= len(todo))
                    model(torch.cat([x for x, _ in todo[:size]]))
                    for _, done in todo[:size]:
                        done.set()
                    todo = todo[size:]

    def ask(until, keep):
        while time.perf_counter() < until:
            start, done = time.perf_counter(), threading.Event()
            waiting.put((image, done))
            done.wait()
            if keep:
                waits.append(time.perf_counter() - start)

    with torch.inference_mode():
        for n in sizes * 2:
            model(torch.cat([image] * n))
    worker = threading.Thread(target=predict)
    worker.start()
    began = time.perf_counter()
    callers = [threading.Thread(target=ask, args=(began + seconds, True)) for _ in range(clients)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    took = time.perf_counter() - began
    ended.set()
    worker.join()
    return len(waits) / took, sorted(waits)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=("resnet50-224", "efficientnet-b0-224", "cnn-64"))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--clients", type=int, default=0, help="callers that wait for single images, of which up to --batch are predicted together")
    parser.add_argument("--seconds", type=float, default=2, help="to measure for, after two predictions that are not")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--format", choices=FORMATS, default="nhwc", help="of images in memory")
    parser.add_argument("--compile", action="store_true", help="with torch.compile")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    model, size = make(args.model)
    model = model.eval().to(memory_format=FORMATS[args.format])
    images = torch.randn(args.batch, 3, size, size).contiguous(memory_format=FORMATS[args.format])
    if args.compile:
        model = torch.compile(model)
    peer = f"PyTorch {torch.__version__} {args.format}" + (" compiled" if args.compile else "")
    if args.clients:
        speed, waits = serve(model, images[:1], args.clients, args.batch, args.seconds)
        print(json.dumps({
            "name": f"clients-{args.model}",
            "peer": peer,
            "clients": args.clients,
            "batch": args.batch,
            "threads": args.threads,
            "items_per_s": speed,
            "p50_ms": 1e3 * waits[len(waits) // 2],
            "p99_ms": 1e3 * waits[len(waits) * 99 // 100],
            "peak_rss_mb": peak_rss_mb(),
        }))
        return
    times = []
    with torch.inference_mode():
        for _ in range(2):
            model(images)
        end, used = time.perf_counter() + args.seconds, time.process_time()
        while len(times) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            model(images)
            times.append(time.perf_counter() - start)
        used = time.process_time() - used
    print(json.dumps({
        "name": f"predict-{args.model}-b{args.batch}",
        "peer": peer,
        "threads": args.threads,
        "cpu_ms": 1e3 * used / len(times) / args.batch,
        "items_per_s": args.batch / statistics.median(times),
        "peak_rss_mb": peak_rss_mb(),
    }))


if __name__ == "__main__":
    main()
