#!/usr/bin/env bash
# torchmetrics 1.9.0 and sacrebleu 2.6.0 (torch 2.15.0).
#
# torchmetrics' SacreBLEUScore "follows the behaviour of SacreBLEU". Of two references
# as near in length to the translation sacreBLEU takes the shorter one; torchmetrics
# takes the one that is named first, and gives another score when the two change
# places. A text without one common phrase of four words, as a young network's, has
# 16.34 in sacreBLEU, whose smoothing is on by default, and 0 in torchmetrics, even
# with smooth=True ("see SacreBLEU"), which smooths everything but a count of 0.
#
# What follows: a BLEU says what computed it. doc/language.md names torchmetrics'. Ours
# takes the shorter reference and smooths; data/text/metric holds scores of sacreBLEU's.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages torch==2.15.0 torchmetrics==1.9.0 sacrebleu==2.6.0 numpy==2.4.6
cat > score.py <<'PYTHON'
import sacrebleu
from torchmetrics.text import SacreBLEUScore


def show(name, translation, references):
    theirs = [100 * SacreBLEUScore(smooth=smooth)([translation], [references]).item() for smooth in (False, True)]
    own = sacrebleu.corpus_bleu([translation], [[reference] for reference in references]).score
    print(f"{name}: sacrebleu {own:.2f}, torchmetrics {theirs[0]:.2f}, smooth {theirs[1]:.2f}")


references = ["the cat sat on the", "the cat sat on the mat today"]
show("shorter reference first", "the cat sat on the mat", references)
show("longer reference first", "the cat sat on the mat", references[::-1])
show("no common four words", "a dog runs over the grass", ["a brown dog ran over the lawn"])
PYTHON
python score.py 2>/dev/null | same 'shorter reference first: sacrebleu 100.00, torchmetrics 100.00, smooth 100.00
longer reference first: sacrebleu 100.00, torchmetrics 84.65, smooth 84.65
no common four words: sacrebleu 16.34, torchmetrics 0.00, smooth 0.00'
