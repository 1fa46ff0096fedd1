package cli

import (
	"flag"
	"io"
	"path/filepath"
	"slices"
	"testing"
)

func TestWholes(t *testing.T) {
	command := Command[[]int]{
		Name:     "try",
		Presets:  []Preset[[]int]{{Name: "only"}},
		Register: func(fs *flag.FlagSet, p *[]int) { Wholes(fs, p, "cuts", 1, "the `places`") },
	}
	for text, want := range map[string][]int{"": nil, "5": {5}, "20,300": {20, 300}} {
		got, run, err := command.Parse(t.Context(), []string{"-cuts", text}, io.Discard)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("-cuts %q gives %v, error %v", text, got, err)
			continue
		}
		file, err := run.Settings.TOML()
		if err != nil {
			t.Fatal(err)
		}
		path := writeText(t, filepath.Join(t.TempDir(), "c.toml"), string(file))
		if again, _, err := command.Parse(t.Context(), []string{"-config", path}, io.Discard); err != nil || !slices.Equal(again, want) {
			t.Errorf("%q in a file gives %v, error %v", text, again, err)
		}
	}
	for _, text := range []string{"x", "5,", "0", "3,-1"} {
		if _, _, err := command.Parse(t.Context(), []string{"-cuts", text}, io.Discard); err == nil {
			t.Errorf("-cuts %q: no error", text)
		}
	}
}
