"""Writes a million made-up sentence pairs of 5 to 45 words to the folder big, for a measurement of memory."""
import itertools
import os
import random

random.seed(1)
PAIRS, TYPES = 1_000_000, 400_000


def words(consonants, vowels):
    """Returns as many different words as there are types."""
    found = []
    for i in range(TYPES):
        x, word = i, ""
        while not word or x:
            word += consonants[x % len(consonants)] + vowels[x // len(consonants) % len(vowels)]
            x //= len(consonants) * len(vowels)
        found.append(word)
    return found


def rank():
    """Draws the rank of a word: rare ones are many."""
    return min(int((1 / (1 - random.random())) ** 1.9) - 1, TYPES - 1)


source, target = words("kptshwmnrl", "aiuoeäö"), words("bdgvzlrfcn", "aeiouy")
os.makedirs("big", exist_ok=True)
with open("big/train.de", "w") as de, open("big/train.en", "w") as en:
    for _ in range(PAIRS):
        ranks = [rank() for _ in range(random.randint(5, 45))]
        de.write(" ".join(source[r] for r in ranks).capitalize() + ".\n")
        en.write(" ".join(target[r] for r in reversed(ranks)).capitalize() + ".\n")
for part in "valid", "test":
    for language in "de", "en":
        with open(f"big/train.{language}") as whole, open(f"big/{part}.{language}", "w") as first:
            first.writelines(itertools.islice(whole, 1000))
