package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
)

// Settings holds values of flags by name, as a configuration file can.
type Settings map[string]any

// TOML returns the settings as a configuration file.
func (s Settings) TOML() ([]byte, error) {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(map[string]any(s)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// notSettings are flags that a configuration file cannot hold.
var notSettings = append([]string{"config", "out", "resume", "accept-changes"}, clusterFlags...)

// source is a flag set bound to the settings it fills.
type source[C any] struct {
	flags  *flag.FlagSet
	run    Run
	config string // the configuration file
	rest   func(words []string) (flag, value string)
}

func newSource[C any](cmd *Command[C], config *C) *source[C] {
	s := &source[C]{flags: flag.NewFlagSet(cmd.Name, flag.ContinueOnError), rest: cmd.Rest}
	s.flags.SetOutput(io.Discard)
	s.flags.StringVar(&s.run.Preset, "preset", cmd.Presets[0].Name, "the `name` of the preset, a set of settings to start from")
	s.flags.StringVar(&s.config, "config", "", "a TOML `file` whose keys are the names of flags")
	s.flags.StringVar(&s.run.Out, "out", "", "the `folder` to write to (default a new one under runs, named by the time)")
	s.flags.BoolVar(&s.run.Resume, "resume", false, "continue the run in the folder -out with its own settings")
	s.flags.BoolVar(&s.run.Accept, "accept-changes", false, "with -resume: go on although the data, the instruction set or the program has changed since the run began. The results say so; a training that cannot go on begins anew")
	s.run.Cluster.register(s.flags)
	cmd.Register(s.flags, config)
	aliases(s.flags)
	return s
}

func (s *source[C]) parse(args []string) error {
	err := s.flags.Parse(args)
	behind := s.flags.NArg()
	if err == nil && behind > 0 && s.rest != nil {
		behind = 0
		err = s.flags.Set(s.rest(s.flags.Args()))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return usage.Errorf("%v (-h lists the flags)%s", err, s.meant(err))
	case s.infinite() != "":
		return usage.Errorf("-%s must be a finite number", s.infinite())
	case behind > 0:
		return usage.Errorf("%q is not a flag (-h lists them)%s", s.flags.Arg(0), meant("-", strings.Trim(s.flags.Arg(0), "-"), s.names()))
	case s.run.Resume && s.run.Out == "":
		return usage.Errorf("-resume needs -out with the folder of the run to continue")
	case s.run.Accept && !s.run.Resume:
		return usage.Errorf("-accept-changes is for runs that are continued with -resume")
	}
	return nil
}

// meant returns what to add to an error about a flag that does not exist.
func (s *source[C]) meant(err error) string {
	_, name, unknown := strings.Cut(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return ""
	}
	return meant("-", name, s.names())
}

// names returns those of all flags.
func (s *source[C]) names() (names []string) {
	s.flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// infinite names a flag whose value is no number, or not a finite one.
func (s *source[C]) infinite() (name string) {
	s.flags.VisitAll(func(f *flag.Flag) {
		if v, ok := f.Value.(flag.Getter).Get().(float64); ok && (math.IsInf(v, 0) || math.IsNaN(v)) {
			name = f.Name
		}
	})
	return name
}

func (s *source[C]) visited(name string) bool {
	found := false
	s.flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// file reads the configuration file that the flags name, or that of the run to
// be resumed, or gets that of the run to work for.
func (s *source[C]) file(ctx context.Context, program string, stdout io.Writer) (configFile, error) {
	switch {
	case s.run.Cluster.Worker:
		settings, err := s.run.Cluster.join(ctx, program, stdout)
		if err != nil {
			return configFile{}, err
		}
		return parseConfig("the settings of the run", settings)
	case s.run.Resume && s.config != "":
		return configFile{}, usage.Errorf("-config cannot be combined with -resume: a resumed run keeps its settings")
	case s.run.Resume:
		if err := runfolder.Folder(s.run.Out).Check(); err != nil {
			return configFile{}, err
		}
		return readConfig(filepath.Join(s.run.Out, runfolder.Config))
	case s.config != "":
		return readConfig(s.config)
	}
	return configFile{}, nil
}

// apply sets the flags that a configuration file names, but for those that the command line
// gives: what may be given several times would have both.
func (s *source[C]) apply(file configFile, given func(name string) bool) error {
	for _, key := range file.keys {
		if s.flags.Lookup(key) == nil || slices.Contains(notSettings, key) {
			return usage.Errorf("%s: there is no setting %q (the keys are the names of flags, see -h)%s", file.path, key, meant("", key, s.names()))
		}
		if given(key) {
			continue
		}
		if err := s.flags.Set(key, file.values[key]); err != nil {
			return usage.Errorf("%s: %s = %q: %v", file.path, key, file.values[key], err)
		}
	}
	return nil
}

func (s *source[C]) settings(free []string) Settings {
	values := Settings{}
	s.flags.VisitAll(func(f *flag.Flag) {
		if !slices.Contains(notSettings, f.Name) && !slices.Contains(free, f.Name) && !strings.HasPrefix(f.Usage, alias) {
			values[f.Name] = f.Value.(flag.Getter).Get()
		}
	})
	return values
}

// configFile holds the values of a configuration file as flags take them.
type configFile struct {
	path   string
	keys   []string // in alphabetical order
	values map[string]string
}

// with returns the file with more values, where it has none.
func (f configFile) with(values map[string]string) configFile {
	f.values = maps.Clone(f.values)
	for key, value := range values {
		if _, ok := f.values[key]; !ok {
			f.keys = append(f.keys, key)
			f.values[key] = value
		}
	}
	slices.Sort(f.keys)
	return f
}

func readConfig(path string) (configFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return configFile{}, usage.Errorf("cannot read the configuration: %v", err)
	}
	return parseConfig(path, string(text))
}

func parseConfig(path, text string) (configFile, error) {
	if err := runfolder.CheckSettings(text); err != nil {
		return configFile{}, usage.Errorf("%s is not a configuration: %v", path, err)
	}
	values := map[string]any{}
	if _, err := toml.Decode(text, &values); err != nil {
		return configFile{}, usage.Errorf("%s is not a TOML file: %v", path, err)
	}
	file := configFile{path: path, values: map[string]string{}}
	for key, value := range values {
		text, err := flagText(value)
		if err != nil {
			return configFile{}, usage.Errorf("%s: %s: %v", path, key, err)
		}
		file.keys = append(file.keys, key)
		file.values[key] = text
	}
	slices.Sort(file.keys)
	return file, nil
}

// flagText returns a TOML value as it is written after a flag.
func flagText(value any) (string, error) {
	switch v := value.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			part, err := flagText(item)
			if err != nil {
				return "", err
			}
			parts[i] = part
		}
		return strings.Join(parts, ","), nil
	case string, bool, int64, float64:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("a %T is not a value that a flag can have", value)
}
