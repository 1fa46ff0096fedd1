"""Writes bpe.json by subword-nmt and tokens.*.json by sacremoses, from generated text.

    pip install subword-nmt==0.3.8 sacremoses==0.2.0
    python golden.py
"""

import io
import json
import os
import random
from importlib.metadata import version

from sacremoses import MosesDetokenizer, MosesPunctNormalizer, MosesTokenizer
from subword_nmt.apply_bpe import BPE
from subword_nmt.get_vocab import get_vocab
from subword_nmt.learn_bpe import learn_bpe

for name, expected in ("subword-nmt", "0.3.8"), ("sacremoses", "0.2.0"):
    assert version(name) == expected, f"made with {name} {expected}, this is {version(name)}"

rng = random.Random(20261123)
here = os.path.dirname(os.path.abspath(__file__))


def write(name, content):
    path = os.path.join(here, name)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(content, f, ensure_ascii=False, indent=0)
        f.write("\n")
    print(name, os.path.getsize(path), "bytes")


def bpe_case(lines, unseen, merges, least):
    codes = io.StringIO()
    learn_bpe(io.StringIO("".join(line + "\n" for line in lines)), codes, merges, least)
    bpe = BPE(io.StringIO(codes.getvalue()))
    segmented = [bpe.segment(line) for line in lines + unseen]
    vocabulary = io.StringIO()
    get_vocab(segmented[: len(lines)], vocabulary)
    return {
        "lines": lines, "unseen": unseen, "merges": merges, "least": least,
        "codes": codes.getvalue(), "segmented": segmented, "vocabulary": vocabulary.getvalue(),
    }


def words(alphabet, longest, n):
    return ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, longest))) for _ in range(n)]


def lines_of(lexicon, n):
    # Frequencies fall as in a language.
    return [" ".join(lexicon[min(int(rng.expovariate(0.1)), len(lexicon) - 1)] for _ in range(rng.randint(1, 12))) for _ in range(n)]


cases = []
for alphabet, longest, merges, least in (
    ("a", 9, 20, 2), ("ab", 12, 80, 1), ("ab", 12, 300, 2), ("abc", 10, 300, 2),
    ("aab", 14, 200, 1), ("abcdefgh", 8, 400, 2), ("äöüßaeıΣς東京é", 7, 200, 2),
    (["sch", "ein", "st", "e", "n", "a", "ung", "ver", "ge"], 5, 350, 2),
):
    lexicon = words(alphabet, longest, 150)
    cases.append(bpe_case(lines_of(lexicon, 120), lines_of(words(alphabet, longest, 60), 20), merges, least))
cases.append(bpe_case(["  two  spaces ", "", "</w> x</w> <w> @@ a@@ b", "xy xyz yz xyzz", "a\u00a0b tab\there"], ["", "zyx </w>"], 30, 1))
write("bpe.json", cases)

WORDS = {
    "en": "The a man's dogs' isn't it's I'm 'quoted' \"double\" rock'n'roll o'clock Mr. Dr. Prof. e.g. i.e. U.S. U.S.A. p.m. No. 5 Art. pp. 12 St. John J. Smith Jan. etc. vs. approx. "
          "1,000 3.14 5'6 1980's 90s $5 50% well-known twenty-one e-mail AT&T <b> a|b [x] (so) {y} C++ #1 @home a/b x=y http://x.org/a?b=c ... .. .... wait...what end. End! why? so: and; dash - -- – — it,she ,then 5, a,5 5,a",
    "de": "Der Männer Straße geht's Hans' z.B. z. B. d.h. u.a. usw. bzw. ca. Nr. 5 Dr. Prof. Hr. Fr. St. 1. Mai 3. 12. 99. 100. 2.000 3,14 Abb. Bd. S. J. Müller XX. IV. evtl. inkl. ggf. vgl. "
          "Uhr 10:30 E-Mail-Adresse 20-jährige „so“ »dann« ›wie‹ (und) ... .. Ende. Aus! Was? ja, nein; 'nun' 50 % 5€ § 3 & <i> a|b [c] und/oder",
    "fr": "L'homme d'eau aujourd'hui qu'il jusqu'à M. MM. Mme. Mlle. Dr. St. p. ex. etc. J. Dupont n° 5 No. 5 Art. art. av. vol. env. « oui » «non» \"mais\" 1 000 3,14 50 % 10h30 est-ce "
          "peut-être là-bas c'est-à-dire ? ! ; : ... .. fin. 'tout' Œuvre été ça a/b (et) [x] & <a> presqu'île l'un d'1 1'a XIV. s'",
}
ABBREVIATIONS = (
    "Mr Mrs Ms Dr Prof Rev Hon Gen Col Lt Sgt Capt Cpl Maj Adm Gov Sen Rep Pres St Sr Jr Messrs Mme Mlle Msgr Mt Ave Blvd Rd Inc Ltd Co Corp Bros Dept Univ Assn Est Fig fig Vol vol Ed ed Eq No Nos Nr Art art pp p Pp "
    "Jan Feb Mar Apr May Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun am pm etc vs v cf al ca approx viz Op Ord Ph Phd Pvt Pfc Insp Hosp Bldg Asst Adj Adv Bart Brig Cmdr Comdr Con Drs Ens Hr MM MR MRS MS DR "
    "Reps Res Rt Sens Sfc Supt Surg rev Ing Dipl Mag Hrsg Verf Bd Bde Abb Abs Abt Anm Aufl Bsp bzw bspw ca dgl ebd evtl exkl Fa Fam Forts Fr Frl geb gest ggf Ggf i inkl insb Jh jun Kap lfd Mio Mrd Nachf o od Pf Pkt Pl Postf Prov "
    "Red Reg S s sen sog Std Str str Tel tel Tl u usw Ver vgl Vgl Vors z Ztr zzgl zz Zt Min Sek Sec Temp Tsd Art Ass Au BGB Co ev Ev f ff Hd Hg Jg Kl lt max min Mod Nr NR nr Tit Übers übers vert vlg Werkst Wg "
    "M Mm Mr av ap apr adj adm arr auj bd bibl boul c chap cie Cie coll dep dir éd env Env ex gal hab h ibid id int janv févr juil lat loc math mm mgr Mgr min mlle mn Mn mr N n nb obs ouvr par pers pl préf prof pt Pt rééd réf sq Ste Sté suiv "
    "suppl sup t tél vb vs zool comm inc cap art fasc fig trad fr gén hist div cath biol anat II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI ii iii iv vi ix x "
    "1 2 3 9 10 11 12 19 20 21 30 31 50 90 99 100 101 1999 A B Z a b m Ä é"
).split()
RAW = [
    "'hello' said he.", "'hello", "hello'", "he said 'yes.'", "\"yes.\"", "a'b'c'd", "1'a 2's 's", "x.' y", "end.'", "...", "....", ". .", ".", "..", "a.", "a..", "a. b", "a. B", "a.b.", "a.b. C",
    "3.", "3. May", "3. may", "No. x", "No. 3", "No. III", "a,b,c,,d,,5,,6", "1,2,3", ",,", ",", "1,", ",1", "tab\tand  spaces", "nul\x01char\x1f", "nbsp\u00a0here\u2009thin", "-- --a a-- -a a- a-b-c a--b 1-2 é-é",
    "soft\u00adhyphen zero\u200bwidth bom\ufeff", "naïve café e\u0301 タワー.", "Ⅷ ½ ² ３,４ a٣", "`back` ``quotes'' ´acute´", "a_b a*b ~x ^y \\z", "€5 £6 ¥7 §8 ©9", "!? ?! !!! (?)", "http://a.b/c-d?e=f&g=h", "a@b.com, c@d.org.",
    "Hello World!Another", "U.S.A's u.s.", "I.", "I. am", "e.g.", "Smith et al. said", "It cost 5. Then", "MR. X", "x . y", "x .y", "'s-Gravenhage", "&amp; &lt;b&gt; &quot;", "@-@ a @-@ b", "", " ", "  a  ",
    "„Deutsch“ “English” ‘single’ ‚low‘ «fr» « fr » ‹a›", "dash – and — end", "dots… more …", "a , b ; c : d", "( a ) [ b ]", "x (y)z (a).b", "\"a,\" b \"c.\" d", "a,\" b.\" c", "5 % 5\u00a0% a\u00a0: b\u00a0; c\u00a0! d\u00a0? \u00ab\u00a0e\u00a0\u00bb n\u00ba\u00a05 5\u00a0\u00baC 5\u00a0cm 5\u00a0000",
    "1 000 000", "`a' ``b''", "a´s b’s c‘s", "（！？：；，％）", "＂x＂ １０％", "line\rreturn", "a ,b ,\" c", "end.\"", "end.\" <x", "he \"said.\"", "'' ,,", "a \u2014b", "\u2212 5", "\u2028x\u2029",
]


def sentence(language):
    lexicon = WORDS[language].split(" ")
    return " ".join(rng.choice(lexicon) for _ in range(rng.randint(2, 14))) + rng.choice([".", ".", "", "!", "?", "...", " .", ".\""])


for language in "en", "de", "fr":
    tokenizer, detokenizer = MosesTokenizer(language), MosesDetokenizer(language)
    normalizer = MosesPunctNormalizer(language)
    abbreviations = {a: " ".join(tokenizer.tokenize(f"x {a}. Foo {a}. 5 {a}. foo")) for a in ABBREVIATIONS}
    cases = []
    for raw in RAW + [sentence(language) for _ in range(120)]:
        tokens = tokenizer.tokenize(raw)
        cases.append({
            "raw": raw,
            "tokens": " ".join(tokens),
            "aggressive": " ".join(tokenizer.tokenize(raw, aggressive_dash_splits=True)),
            "detokenized": detokenizer.detokenize(tokens),
            "normalized": normalizer.normalize(raw),
        })
    write(f"tokens.{language}.json", {"abbreviations": abbreviations, "sentences": cases})
