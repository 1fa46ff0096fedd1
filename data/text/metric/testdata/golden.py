"""Writes scores.json: random translations and their scores by sacreBLEU.

    pip install sacrebleu==2.6.0
    python golden.py
"""

import json
import os
import random

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

EXPECTED = "2.6.0"
assert sacrebleu.__version__ == EXPECTED, f"made with sacrebleu {EXPECTED}, this is {sacrebleu.__version__}"

rng = random.Random(20261123)
WORDS = (
    "the a red green small old house river cat dogs sees saw never 3 1.5 2,000 1990-1995 10-year U.S. e.g. Mr. d'eau "
    "l'homme isn't Straße Größe über ΣΟΦΟΣ naïve 東京 état « » „ “ &quot; &amp;lt; &lt;b&gt; <skipped> (so) [x] {y} a/b x=y "
    "50% $4 #7 user@host ... .. . , ; : ! ? - -- – it's 'tis ,5 5, .5 5. a.b,c 1,a a,1 end- \u00a0 x\u2028y\x1cz"
).split(" ")


def sentence(n):
    return " ".join(rng.choice(WORDS) for _ in range(n))


def disturb(s):
    """A translation that is right here and there."""
    words = s.split(" ")
    if rng.random() < 0.3:
        rng.shuffle(words)
    words = [rng.choice(WORDS) if rng.random() < 0.2 else w for w in words]
    words = [w.upper() if rng.random() < 0.1 else w for w in words]
    kept = rng.choice([len(words), len(words), rng.randint(0, len(words))])
    return " ".join(words[:kept] + words[: rng.randint(0, 2)])


corpora = []
for k in range(64):
    first = [sentence(rng.randint(1, 25)) for _ in range(rng.randint(1, 12))]
    sets = [first] + [[disturb(s) for s in first] for _ in range(k % 3)]
    corpora.append(([disturb(rng.choice(sets)[i]) for i in range(len(first))], sets))
corpora += [
    ([""], [["a reference"]]),
    (["a translation"], [[""]]),
    ([""], [[""]]),
    (["nothing in common"], [["whatever else there is"]]),
    (["one"], [["one"]]),
    (["one two"], [["one two"]]),
    (["one two three"], [["one two three"]]),
    (["one two three four"], [["one two three four"]]),
    (["the the the the the"], [["the cat"]]),
    (["a b c d e", "", "x"], [["a b c d", "a", "y"], ["a b c d e f", "", "x"]]),
    ([" leading and trailing \n"], [["leading and trailing"]]),
    (["a-\nb c\nd"], [["ab c d"]]),
    # letters whose lower case depends on what is around them, or is two letters
    (["ΟΔΟΣ ΣΟΦΟΣ. Α'Σ Σ ΑΣ\u0308 ΑΣ\u0308Α ΑΣ'Α aΣ\u2019b ΣΣ İstanbul DİYARBAKIR"], [["οδος σοφος. α'ς σ ας\u0308 ασ\u0308α ας'α aσ\u2019b σς i\u0307stanbul di\u0307yarbakir"]]),
    (["İİΣ ΟΣ ΟΣ-Α ΟΣ1 1Σ"], [["iiς οσ οσ-α οσ1 1ς", ]]),
]

scorers = {
    "sacre": BLEU(),
    "sacre lower": BLEU(lowercase=True),
    "tokenized": BLEU(tokenize="none", smooth_method="none", force=True),
    "tokenized lower": BLEU(tokenize="none", smooth_method="none", force=True, lowercase=True),
    "chrf": CHRF(),
    "chrf lower": CHRF(lowercase=True),
}
cases = []
for hypotheses, references in corpora:
    scores = {}
    for name, scorer in scorers.items():
        score = scorer.corpus_score(hypotheses, references)
        scores[name] = {"value": score.score, "text": score.format(), "signature": scorer.get_signature().format()}
    cases.append({"hypotheses": hypotheses, "references": references, "scores": scores})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scores.json")
with open(path, "w", encoding="utf-8") as f:
    json.dump(cases, f, ensure_ascii=False, indent=1)
    f.write("\n")
print(sum(len(c["hypotheses"]) for c in cases), "translations", os.path.getsize(path), "bytes")
