package cli

import (
	"errors"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/usage"
	"autodropout/internal/sizedtest"
)

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzConfig(f *testing.F) {
	f.Add("epochs = 7\nrows = [\"z\", \"x\"]\nrate = 0.125\ndeep = true\n")
	f.Add("preset = \"large\"\njobs = 1e3\n[rows]\n")
	f.Add(strings.Repeat("a.", 300) + "a = 1")
	f.Add("a = " + strings.Repeat("[", 90) + strings.Repeat("]", 90))
	f.Fuzz(func(t *testing.T, text string) {
		sizedtest.Within(t, []byte(text), func() {
			usage := new(*usage.Error)
			file, err := parseConfig("fuzz", text)
			if err != nil {
				if !errors.As(err, usage) {
					t.Fatalf("the error is %v", err)
				}
				return
			}
			var o options
			if err := newSource(&testCommand, &o).apply(file, func(string) bool { return false }); err == nil && o.epochs < 0 || err != nil && !errors.As(err, usage) {
				t.Fatalf("%q gives %+v, error %v", text, o, err)
			}
		})
	})
}
