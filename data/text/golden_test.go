package text_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"autodropout/data/text"
)

func readGolden(t *testing.T, name string, to any) {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, to); err != nil {
		t.Fatal(err)
	}
}

// Merges, parts and vocabulary are subword-nmt's.
func TestBPEGolden(t *testing.T) {
	var cases []struct {
		Lines, Unseen, Segmented []string
		Merges, Least            int
		Codes, Vocabulary        string
	}
	readGolden(t, "bpe.json", &cases)
	for i, c := range cases {
		var words, parts text.WordCounts
		for _, line := range c.Lines {
			words.Add(line)
		}
		learned, err := text.LearnBPE(&words, c.Merges, c.Least)
		if err != nil {
			t.Fatal(err)
		}
		var codes, vocabulary strings.Builder
		if _, err := learned.WriteTo(&codes); err != nil {
			t.Fatal(err)
		}
		if codes.String() != c.Codes {
			t.Errorf("case %d: the merges are\n%s\nexpected\n%s", i, codes.String(), c.Codes)
		}
		bpe, err := text.ReadBPE(strings.NewReader(c.Codes))
		if err != nil {
			t.Fatal(err)
		}
		all := append(c.Lines, c.Unseen...)
		equal(t, "parts", bpe.Segment, all, c.Segmented)
		for _, line := range c.Segmented[:len(c.Lines)] {
			parts.Add(line)
		}
		if _, err := parts.WriteTo(&vocabulary); err != nil {
			t.Fatal(err)
		}
		if vocabulary.String() != c.Vocabulary {
			t.Errorf("case %d: the vocabulary is\n%s\nexpected\n%s", i, vocabulary.String(), c.Vocabulary)
		}
	}
}

// equal compares what f makes of lines, and says how many are wrong.
func equal(t *testing.T, what string, f func(string) string, lines, want []string) {
	t.Helper()
	wrong := 0
	for i, line := range lines {
		if got := f(line); got != want[i] {
			if wrong++; wrong <= 40 {
				t.Errorf("%s of %q: %q, expected %q", what, line, got, want[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%s: %d of %d lines are wrong", what, wrong, len(lines))
	}
}

// Tokens and sentences are sacremoses'.
func TestTokensGolden(t *testing.T) {
	for _, language := range []text.Language{text.English, text.German, text.French} {
		var golden struct {
			Abbreviations map[string]string
			Sentences     []struct{ Raw, Tokens, Aggressive, Detokenized, Normalized string }
		}
		readGolden(t, "tokens."+string(language)+".json", &golden)
		var raw, tokens, aggressive, detokenized, normalized, abbreviations, kept []string
		for _, s := range golden.Sentences {
			raw, tokens, aggressive = append(raw, s.Raw), append(tokens, s.Tokens), append(aggressive, s.Aggressive)
			detokenized, normalized = append(detokenized, s.Detokenized), append(normalized, s.Normalized)
		}
		for abbreviation, want := range golden.Abbreviations {
			abbreviations = append(abbreviations, strings.ReplaceAll("x A. Foo A. 5 A. foo", "A", abbreviation))
			kept = append(kept, want)
		}
		tokenizer := text.NewTokenizer(language, false)
		equal(t, string(language)+": tokens", tokenizer.Tokenize, raw, tokens)
		equal(t, string(language)+": abbreviations", tokenizer.Tokenize, abbreviations, kept)
		equal(t, string(language)+": aggressive", text.NewTokenizer(language, true).Tokenize, raw, aggressive)
		equal(t, string(language)+": detokenized", text.NewDetokenizer(language).Detokenize, tokens, detokenized)
		equal(t, string(language)+": normalized", text.NewNormalizer(language).Normalize, raw, normalized)
	}
}
