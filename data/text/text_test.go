package text_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"autodropout/data/text"
	"autodropout/internal/sizedtest"
)

func TestReadBPEErrors(t *testing.T) {
	for _, c := range []struct{ codes, want string }{
		{"", "is empty"},
		{"#version: 0.1\na b\n", "the only version that is read"},
		{"#version: 0.2\na b\na\n", "line 3 of the merges"},
		{"#version: 0.2\na b c\n", "line 2 of the merges"},
		{"#version: 0.2\na \xff\n", "line 2 of the merges"},
	} {
		if _, err := text.ReadBPE(strings.NewReader(c.codes)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: the error is %v, expected one with %q", c.codes, err, c.want)
		}
	}
	if _, err := text.LearnBPE(&text.WordCounts{}, 1, 2); err == nil {
		t.Error("merges are learned from no words")
	}
	if _, err := text.ReadCounts(strings.NewReader("a 1\nb x\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a wrong vocabulary says %v", err)
	}
}

func TestByteOrderMarkIsNoPartOfFiles(t *testing.T) {
	counts, err := text.ReadCounts(strings.NewReader("\uFEFFa 1\nb 2\n"))
	if found := maps.Collect(counts.All()); err != nil || !maps.Equal(found, map[string]int64{"a": 1, "b": 2}) {
		t.Errorf("the counts are %v, error %v, want 1 of a and 2 of b", found, err)
	}
	if _, err := text.ReadBPE(strings.NewReader("\uFEFF#version: 0.2\na b\n")); err != nil {
		t.Error(err)
	}
}

func TestRemoveNonPrinting(t *testing.T) {
	if got, want := text.RemoveNonPrinting("a\u00ad\x01é\u200b東\ufeff!\U000e0001"), "a  é 東 ! "; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzReadBPE(f *testing.F) {
	f.Add("#version: 0.2\na b\nab c</w>\n", "abc ab\xffc")
	f.Fuzz(func(t *testing.T, codes, line string) {
		sizedtest.Within(t, []byte(codes+line), func() {
			b, err := text.ReadBPE(strings.NewReader(codes))
			if err != nil {
				return
			}
			if strings.Contains(line, text.Separator) {
				return
			}
			words := strings.Join(strings.FieldsFunc(strings.Trim(line, "\r\n "), func(r rune) bool { return r == ' ' }), " ")
			if got := text.JoinBPE(b.Segment(line)); got != words {
				t.Fatalf("parts of %q join to %q", words, got)
			}
		})
	})
}

func FuzzReadCounts(f *testing.F) {
	f.Add("the 5\ncat 1\n")
	f.Add("the\n \xff 3")
	f.Fuzz(func(t *testing.T, list string) {
		sizedtest.Within(t, []byte(list), func() {
			counts, err := text.ReadCounts(strings.NewReader(list))
			if err == nil && counts.Len() > strings.Count(list, "\n")+1 {
				t.Fatalf("%d words in %q", counts.Len(), list)
			}
		})
	})
}

func FuzzTokenize(f *testing.F) {
	f.Add("L'eau, 5,,6 a.' ...x")
	type tools struct {
		*text.Normalizer
		*text.Tokenizer
		*text.Detokenizer
	}
	all := map[text.Language]tools{}
	for _, l := range []text.Language{text.English, text.German, text.French} {
		all[l] = tools{text.NewNormalizer(l), text.NewTokenizer(l, true), text.NewDetokenizer(l)}
	}
	f.Fuzz(func(t *testing.T, line string) {
		sizedtest.Within(t, []byte(line), func() {
			if len(line) > 100 {
				return // long lines take time and show nothing new
			}
			for l, tools := range all {
				tokens := tools.Tokenize(tools.Normalize(line))
				if strings.Contains(tokens, "  ") || strings.ContainsAny(tokens, "\n'<>[]|") {
					t.Fatalf("%s: %q", l, tokens)
				}
				tools.Detokenize(tokens)
			}
		})
	})
}

func ExampleTokenizer() {
	t := text.NewTokenizer(text.English, true)
	tokens := t.Tokenize("Mr. Smith's well-known dog isn't here (yet).")
	fmt.Println(tokens)
	fmt.Println(text.NewDetokenizer(text.English).Detokenize(tokens))
	// Output:
	// Mr. Smith &apos;s well @-@ known dog isn &apos;t here ( yet ) .
	// Mr. Smith's well-known dog isn't here (yet).
}

func ExampleLearnBPE() {
	var words text.WordCounts
	words.Add("low low low lower newest newest widest")
	bpe, err := text.LearnBPE(&words, 10, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	parts := bpe.Segment("lowest newer")
	fmt.Println(parts)
	fmt.Println(text.JoinBPE(parts))
	// Output:
	// lo@@ west ne@@ we@@ r
	// lowest newer
}

func TestCountsAboveThirtyTwoBits(t *testing.T) {
	counts, err := text.ReadCounts(strings.NewReader("b 3\na 3000000000\nc 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for word := range counts.All() {
		order = append(order, word)
	}
	if got := strings.Join(order, " "); got != "a b c" {
		t.Errorf("by frequency the words are %q", got)
	}
}
