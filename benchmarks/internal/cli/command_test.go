package cli

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/usage"
)

type options struct {
	epochs int
	kind   string
	rows   []string
	rate   float64
	deep   bool
	jobs   int
}

var testCommand = Command[options]{
	Name:    "try",
	Summary: "\nTries things.\n",
	Presets: []Preset[options]{
		{"small", "for a look", options{epochs: 1, kind: "a", rows: []string{"x", "y"}, rate: 0.5}},
		{"large", "for real", options{epochs: 100, kind: "b", rows: []string{"x", "y"}, rate: 0.25, deep: true}},
	},
	Register: func(fs *flag.FlagSet, o *options) {
		Whole(fs, &o.epochs, "epochs", 1, "the `number` of epochs")
		Choice(fs, &o.kind, "kind", []string{"a", "b", "c"}, "the `kind`")
		List(fs, &o.rows, "rows", []string{"x", "y", "z"}, "the `rows`")
		fs.Float64Var(&o.rate, "rate", o.rate, "the `rate`")
		fs.BoolVar(&o.deep, "deep", o.deep, "go deep")
		Whole(fs, &o.jobs, "jobs", 0, "the `number` of jobs")
	},
	Free: []string{"jobs"},
}

func writeText(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBefore: a run that began before there was a flag goes on without what it does by
// default now; a new one with an old file has that.
func TestBefore(t *testing.T) {
	folder := t.TempDir()
	file := writeText(t, filepath.Join(folder, "config.toml"), "epochs = 7\n")
	command := testCommand
	command.Before = map[string]string{"rate": "0", "epochs": "0"}
	for _, c := range []struct {
		args []string
		want options
	}{
		{[]string{"-resume", "-out", folder}, options{7, "a", []string{"x", "y"}, 0, false, 0}},
		{[]string{"-config", file}, options{7, "a", []string{"x", "y"}, 0.5, false, 0}},
		{[]string{"-resume", "-out", folder, "-rate", "0.25"}, options{7, "a", []string{"x", "y"}, 0.25, false, 0}},
	} {
		if got, _, err := command.Parse(t.Context(), c.args, io.Discard); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: the settings are %+v, error %v, want %+v", c.args, got, err, c.want)
		}
	}
}

func TestPrecedence(t *testing.T) {
	file := writeText(t, filepath.Join(t.TempDir(), "c.toml"), "epochs = 7\nrows = [\"z\", \"x\"]\nrate = 0.125\n")
	withPreset := writeText(t, filepath.Join(t.TempDir(), "p.toml"), "preset = \"large\"\nepochs = 7\n")
	for _, c := range []struct {
		args   []string
		preset string
		want   options
	}{
		{nil, "small", options{1, "a", []string{"x", "y"}, 0.5, false, 0}},
		{[]string{"-preset", "large"}, "large", options{100, "b", []string{"x", "y"}, 0.25, true, 0}},
		{[]string{"-config", file}, "small", options{7, "a", []string{"z", "x"}, 0.125, false, 0}},
		{[]string{"-config", file, "-preset", "large"}, "large", options{7, "b", []string{"z", "x"}, 0.125, true, 0}},
		{[]string{"-epochs", "9", "-config", file, "-rows", "y"}, "small", options{9, "a", []string{"y"}, 0.125, false, 0}},
		{[]string{"-config", withPreset}, "large", options{7, "b", []string{"x", "y"}, 0.25, true, 0}},
		{[]string{"-config", withPreset, "-preset", "small", "-kind=c"}, "small", options{7, "c", []string{"x", "y"}, 0.5, false, 0}},
		{[]string{"-preset", "large", "-deep=false"}, "large", options{100, "b", []string{"x", "y"}, 0.25, false, 0}},
	} {
		got, run, err := testCommand.Parse(t.Context(), c.args, io.Discard)
		if err != nil {
			t.Errorf("%v: %v", c.args, err)
			continue
		}
		if !reflect.DeepEqual(got, c.want) || run.Preset != c.preset {
			t.Errorf("%v: got %+v of preset %s, want %+v of %s", c.args, got, run.Preset, c.want, c.preset)
		}
		if want := strings.TrimSpace("go run ./benchmarks/try " + strings.Join(c.args, " ")); run.Command != want {
			t.Errorf("%v: the command is %q", c.args, run.Command)
		}
		if _, ok := run.Settings["jobs"]; ok {
			t.Error("a free flag is among the settings")
		}
		// The effective settings are a configuration file that gives them again.
		text, err := run.Settings.TOML()
		if err != nil {
			t.Fatal(err)
		}
		again := writeText(t, filepath.Join(t.TempDir(), "again.toml"), string(text))
		got, run, err = testCommand.Parse(t.Context(), []string{"-config", again}, io.Discard)
		if err != nil || !reflect.DeepEqual(got, c.want) || run.Preset != c.preset {
			t.Errorf("%v: the written settings give %+v of preset %s, error %v", c.args, got, run.Preset, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	dir := t.TempDir()
	config := func(name, text string) string { return writeText(t, filepath.Join(dir, name), text) }
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-nope"}, "-nope"},
		{[]string{"-epochs", "0"}, `"0" for flag -epochs: it takes a whole number of at least 1`},
		{[]string{"-epochs", "1000000001"}, "-epochs: it takes a whole number of at most 1000000000"},
		{[]string{"-epochs", "two"}, "whole number"},
		{[]string{"-epochs", "3 "}, "whole number"},
		{[]string{"-rate", "fast"}, "-rate"},
		{[]string{"-kind", "d"}, "choose a, b or c"},
		{[]string{"-rows", "x,w"}, `"w" is none of x, y, z`},
		{[]string{"-rows", "x,y,x"}, `"x" is named twice`},
		{[]string{"-preset", "huge"}, `no preset "huge": choose small or large`},
		{[]string{"extra"}, `"extra" is not a flag`},
		{[]string{"-resume"}, "-resume needs -out"},
		{[]string{"-resume", "-out", dir, "-config", "f"}, "-config"},
		{[]string{"-resume", "-out", filepath.Join(dir, "none")}, "there is no folder " + filepath.Join(dir, "none")},
		{[]string{"-resume", "-out", dir}, "there is no run in the folder " + dir},
		{[]string{"-resume", "-out", config("file", "")}, "is a file"},
		{[]string{"-config", filepath.Join(dir, "none")}, "none"},
		{[]string{"-config", config("unknown", "depth = 3")}, `no setting "depth"`},
		{[]string{"-config", config("out", "out = \"x\"")}, `no setting "out"`},
		{[]string{"-config", config("value", "epochs = \"two\"")}, `epochs = "two"`},
		{[]string{"-config", config("table", "[epochs]\nx = 1")}, "epochs"},
		{[]string{"-config", config("syntax", "epochs 3")}, "not a TOML file"},
	} {
		_, _, err := testCommand.Parse(t.Context(), c.args, io.Discard)
		var usage *usage.Error
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: got error %v, want one line with %q", c.args, err, c.want)
		}
	}
}

func TestHelp(t *testing.T) {
	var b strings.Builder
	if _, _, err := testCommand.Parse(t.Context(), []string{"-h"}, &b); !errors.Is(err, ErrHelp) {
		t.Errorf("got error %v", err)
	}
	for _, want := range []string{"Tries things.", "small", "for real", "-epochs number", "(default x,y)", "-config", "-resume"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the help does not have %q:\n%s", want, b.String())
		}
	}
}

func TestExitCode(t *testing.T) {
	_, _, usage := testCommand.Parse(t.Context(), []string{"-nope"}, io.Discard)
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""},
		{ErrHelp, 0, ""},
		{usage, 2, "try: " + usage.Error() + "\n"},
		{errors.New("broken"), 1, "try: broken\n"},
	} {
		var b strings.Builder
		if code := ExitCode(c.err, "try", &b); code != c.code || b.String() != c.text {
			t.Errorf("%v: exit code %d and %q, want %d and %q", c.err, code, b.String(), c.code, c.text)
		}
	}
}

// The password of a server is not kept with a run.
func TestNoPasswordIsKept(t *testing.T) {
	_, run, err := testCommand.Parse(t.Context(), []string{"-serve", "-nats", "nats://me:secret@host:4222"}, io.Discard)
	if err != nil || strings.Contains(run.Command, "secret") || !strings.Contains(run.Command, "-serve -nats nats://me:xxxxx@host:4222") {
		t.Errorf("the command is %q, error %v", run.Command, err)
	}
}

// TestHelpHasTopics wants every flag once, below its topic, in lines that fit.
func TestHelpHasTopics(t *testing.T) {
	command := testCommand
	command.Topics = []Topic{{"Rows", []string{"rows", "kind", "nobody-has-it"}}, {"Nothing", []string{"nobody-has-it"}}}
	t.Setenv("COLUMNS", "70")
	var b strings.Builder
	if _, _, err := command.Parse(t.Context(), []string{"-h"}, &b); !errors.Is(err, ErrHelp) {
		t.Errorf("got error %v", err)
	}
	help := b.String()
	var config options
	newSource(&command, &config).flags.VisitAll(func(f *flag.Flag) {
		if n := strings.Count(help, "\n  -"+f.Name+" ") + strings.Count(help, "\n  -"+f.Name+"\n"); n != 1 {
			t.Errorf("-%s is there %d times:\n%s", f.Name, n, help)
		}
	})
	at := -1
	for _, want := range []string{"\nRows:\n  -rows rows\n      the rows: x, y or z (default x,y)\n  -kind kind\n      the kind: a, b or c", "\nThe network and its training:\n  -deep\n", "  -lr\n      another name of -rate\n", "\nThe run:\n  -preset", "\nSearches on many machines:\n"} {
		next := strings.Index(help, want)
		if next <= at {
			t.Errorf("%q is not where it belongs:\n%s", want, help)
		}
		at = next
	}
	if strings.Contains(help, "Nothing") {
		t.Errorf("a topic has no flags:\n%s", help)
	}
	for line := range strings.Lines(help) {
		if len([]rune(line)) > 71 {
			t.Errorf("a line is too long: %q", line)
		}
	}
}

func TestColumns(t *testing.T) {
	for terminal, want := range map[string]int{"": 100, "x": 100, "80": 80, "3": 60, "500": 120} {
		if got := columns(terminal); got != want {
			t.Errorf("COLUMNS=%s: %d letters", terminal, got)
		}
	}
}

// TestDidYouMean asks about words that are nearly right, and about no others.
func TestDidYouMean(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-epohcs 3", "did you mean -epochs?"},
		{"-epoch 3", "did you mean -epochs?"},
		{"-row x", "did you mean -rows?"},
		{"-learning-rate 3", "did you mean -rate?"},
		{"-job-count 3", ""},
		{"-threads 3", ""},
		{"-kind A", "did you mean a?"},
		{"-rows x,zz", ""},
		{"-preset smal", "did you mean small?"},
		{"-preset enormous", ""},
		{"deep", "did you mean -deep?"},
		{"5", ""},
	} {
		_, _, err := testCommand.Parse(t.Context(), strings.Fields(c.args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "did you mean") != (c.want != "") {
			t.Errorf("%s: it says %v, want %q", c.args, err, c.want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"epohcs", "epochs", 1}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q it is %d", c.a, c.b, got)
		}
	}
}

// TestRateHasTwoNames gives it as -lr: the setting is called as the benchmark calls it.
func TestRateHasTwoNames(t *testing.T) {
	got, run, err := testCommand.Parse(t.Context(), []string{"-lr", "0.125"}, io.Discard)
	if err != nil || got.rate != 0.125 || run.Settings["rate"] != 0.125 {
		t.Errorf("the rate is %v, the settings are %v (%v)", got.rate, run.Settings, err)
	}
	if _, ok := run.Settings["lr"]; ok {
		t.Error("the other name is a setting too")
	}
}
