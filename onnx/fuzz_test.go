package onnx

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"autodropout/internal/onnxfile"
	"autodropout/internal/sizedtest"
	"autodropout/layers"
)

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

// FuzzNetwork makes networks of files and runs them on an example, with values of at most
// a few thousand elements.
func FuzzNetwork(f *testing.F) {
	names, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	for _, c := range layerCases() {
		s := layers.NewScope(1)
		m, err := Of(layers.NewModel(s, c.build(s.Sub("part"))), c.shape...).model()
		if err != nil {
			f.Fatal(err)
		}
		var b bytes.Buffer
		if err := onnxfile.Write(&b, m); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sizedtest.Within(t, b, func() {
			m, err := onnxfile.Read(b, nil)
			if err != nil {
				return
			}
			n, err := build(m, layers.NewScope(0))
			if err != nil {
				return
			}
			n.most = 1 << 13
			_ = n.Check(5, 4, 3)
		})
	})
}
