package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"testing"

	"autodropout/internal/safetensors"
	"autodropout/internal/sizedtest"
	"autodropout/models"
)

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

// FuzzCheckpoint reads checkpoints of a training with a memory. They are written
// without a checksum, and get the fingerprint of the training, or nothing else
// would ever be looked at.
func FuzzCheckpoint(f *testing.F) {
	build := func() *LanguageTrainer {
		model, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: 3, Layers: 1, Width: 2, Heads: 1, HeadWidth: 2, Inner: 2})
		if err != nil {
			f.Fatal(err)
		}
		trainer, err := NewLanguage(model, []int32{0, 1, 2, 0, 1, 2, 0, 1, 2, 1}, LanguageConfig{Batch: 1, Lengths: models.Lengths{Target: 3, Memory: 2}, Common: Common{EMA: 0.5}})
		if err != nil {
			f.Fatal(err)
		}
		return trainer
	}
	begun := build()
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(f.Context())
	begun.config.OnStep = func(Step) { cancel(stop) }
	if err := begun.Run(ctx); !errors.Is(err, stop) {
		f.Fatal(err)
	}
	var file bytes.Buffer
	if err := safetensors.Write(&file, begun.checkpoint()); err != nil {
		f.Fatal(err)
	}
	unchecked := bytes.Replace(file.Bytes(), []byte(`"autodropout.crc32c"`), []byte(`"autodropout.crc32d"`), 1)
	f.Add(unchecked)
	f.Add(unchecked[:8+binary.LittleEndian.Uint64(unchecked)])
	f.Fuzz(func(t *testing.T, text []byte) {
		sizedtest.Within(t, text, func() {
			file, err := safetensors.Read(bytes.NewReader(text), int64(len(text)))
			if err != nil {
				return
			}
			trainer := build()
			if file.Metadata == nil {
				file.Metadata = map[string]string{}
			}
			maps.Copy(file.Metadata, trainer.settings())
			if trainer.accept("fuzz", file) != nil {
				return
			}
			// What was accepted can be continued.
			if err := trainer.Run(t.Context()); err != nil && !errors.As(err, new(*DivergedError)) {
				t.Fatal(err)
			}
		})
	})
}

func FuzzReadLog(f *testing.F) {
	f.Add([]byte(`{"step":0,"epoch":0,"size":12,"loss":2.5,"rate":0.1,"norm":1,"seconds":0.5}`+"\n"), 1)
	f.Add([]byte("{}\n{\n"), 3)
	f.Fuzz(func(t *testing.T, text []byte, lines int) {
		sizedtest.Within(t, text, func() {
			steps, err := parseLog[Step](text, "a step")
			if whole := bytes.Count(text, []byte("\n")); err == nil && len(steps) != whole {
				t.Errorf("%d steps in %d lines", len(steps), whole)
			}
			end, _, err := endOfLine(bytes.NewReader(text), min(lines, len(text)+1))
			if err != nil || end < 0 || end > int64(len(text)) || end > 0 && text[end-1] != '\n' {
				t.Errorf("of %q, %d lines end at %d, error %v", text, lines, end, err)
			}
		})
	})
}
