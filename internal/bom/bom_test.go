package bom

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestMarkIsNoPartOfTheText(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"\uFEFF":                   "",
		"\uFEFFone\ntwo":           "one\ntwo",
		"one \uFEFFtwo":            "one \uFEFFtwo",
		"\uFEFF\uFEFFone":          "\uFEFFone",
		"\xef\xbb":                 "\xef\xbb",
		"\xef\xbb\xbe" + "other":   "\xef\xbb\xbe" + "other",
		strings.Repeat("a", 10000): strings.Repeat("a", 10000),
	} {
		if got := Trim(text); got != want {
			t.Errorf("Trim(%q) is %q, want %q", text, got, want)
		}
		got, err := io.ReadAll(NewReader(iotest.OneByteReader(strings.NewReader(text))))
		if err != nil || string(got) != want {
			t.Errorf("a reader of %q reads %q and %v, want %q", text, got, err, want)
		}
	}
}
