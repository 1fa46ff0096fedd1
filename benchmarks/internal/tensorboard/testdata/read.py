"""Lists what TensorBoard's own reader finds below a folder, to be tried by hand: read.py runs/NAME/tensorboard"""

import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

top = sys.argv[1]
for folder, _, files in sorted(os.walk(top)):
    if not any("tfevents" in name for name in files):
        continue
    events = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    print(os.path.relpath(folder, top), "from", len(files), "files")
    for tag in events.Tags()["scalars"]:
        points = events.Scalars(tag)
        steps = [p.step for p in points]
        assert steps == sorted(set(steps)), "a step comes twice"
        print(f"  {tag}: {len(points)} points, steps {steps[0]} to {steps[-1]}, last value {points[-1].value:.6g}")
    for tag in events.Tags()["images"]:
        for image in events.Images(tag):
            print(f"  {tag}: picture of {image.width} x {image.height} pixels, {len(image.encoded_image_string)} bytes")
