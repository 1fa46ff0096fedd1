import json, os, random

choices = os.environ["AUTODROPOUT_CHOICES"]           # a path; empty: nothing was chosen
lr, width = 0.1, 64
if choices:
    with open(choices) as f:
        group = json.load(f)["groups"][0]
    lr, width = group["lr"], group["width"]
random.seed(int(os.environ["AUTODROPOUT_SEED"]))
accuracy = 0.9 - abs(lr - 0.03) + width / 10000 + random.gauss(0, 0.002)   # your training
print(json.dumps({"reward": accuracy, "values": {"error": 100 * (1 - accuracy)}}))
