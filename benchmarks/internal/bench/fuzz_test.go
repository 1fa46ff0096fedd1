package bench

import (
	"bytes"
	"errors"
	"testing"
)

func FuzzConfig(f *testing.F) {
	f.Add("epochs = 7\nrows = [\"z\", \"x\"]\nrate = 0.125\ndeep = true\n")
	f.Add("preset = \"large\"\njobs = 1e3\n[rows]\n")
	f.Fuzz(func(t *testing.T, text string) {
		usage := new(*UsageError)
		file, err := parseConfig("fuzz", text)
		if err != nil {
			if !errors.As(err, usage) {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		var o options
		if err := newSource(&testCommand, &o).apply(file); err == nil && o.epochs < 0 || err != nil && !errors.As(err, usage) {
			t.Fatalf("%q gives %+v, error %v", text, o, err)
		}
	})
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"method":"none","seed":0,"value":48.1,"loss":1.5,"seconds":21}` + "\n"))
	f.Add([]byte("{}\n{\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, size, err := parseJournal[Unit](text)
		if err == nil && (size > int64(len(text)) || size > 0 && text[size-1] != '\n' || len(records) != bytes.Count(text, []byte("\n"))) {
			t.Fatalf("of %q, %d bytes have %d records", text, size, len(records))
		}
	})
}
