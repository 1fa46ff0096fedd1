package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// protocol is the version of the external protocol, doc/external-protocol.md.
const protocol = 1

// The files of a training's folder.
const (
	Result      = "result.json"
	trialFile   = "trial.json"
	patternFile = "pattern.json"
	choicesFile = "choices.json"
	outputFile  = "output.txt"
	spentFile   = ".spent" // seconds of attempts that had no answer
)

// lasting are the files that are left of a trial that has its result.
var lasting = []string{Result, trialFile, patternFile, choicesFile, outputFile}

// folderVariable tells a program where its folder is.
const folderVariable = "AUTODROPOUT_FOLDER"

// Trial is the content of trial.json.
type Trial struct {
	Version int    `json:"version"`
	Kind    string `json:"kind"` // "trial" or "final"
	Row     string `json:"row"`
	Index   int    `json:"index"`
	Seed    uint32 `json:"seed"` // below 2^31
	Budget  int    `json:"budget"`
	Attempt int    `json:"attempt"` // from 1
}

// Job is a training for a program.
type Job struct {
	Program []string // with its arguments, before anything is replaced in them, see Absolute
	Path    string   // the program's file; "": it is looked for when it is started
	Start   string   // the folder where the search was started
	Folder  string   // of the training
	Trial   Trial    // Run sets Version and Attempt
	Pattern []byte   // the content of pattern.json; nil: there is none
	Choices []byte   // that of choices.json; nil: there is none
	Values  map[string]string
	Missing []string // names that could be among the values, and are not
	Slot    string   // "": there are no slots

	Limit time.Duration // of an attempt; 0: none
	Grace time.Duration // from SIGTERM to SIGKILL
	Keep  bool          // all files, also when there is an answer

	Notify func(notice string)

	trial *os.File // trial.json, which the program keeps open
}

// path returns the absolute path of a file of the folder, and "" where it is not there.
func (j *Job) path(name string, there bool) string {
	if !there {
		return ""
	}
	return filepath.Join(j.Folder, name)
}

// replacements returns what stands for each name in an argument.
func (j *Job) replacements() map[string]string {
	all := map[string]string{
		"folder": j.Folder, "start": j.Start, "slot": j.Slot,
		"pattern": j.path(patternFile, j.Pattern != nil), "choices": j.path(choicesFile, j.Choices != nil),
		"kind": j.Trial.Kind, "row": j.Trial.Row, "index": strconv.Itoa(j.Trial.Index), "seed": fmt.Sprint(j.Trial.Seed),
		"budget": strconv.Itoa(j.Trial.Budget), "attempt": strconv.Itoa(j.Trial.Attempt),
	}
	for name, value := range j.Values {
		all[name] = value
	}
	return all
}

// arguments returns the program and its arguments as they are started.
func (j *Job) arguments() []string {
	values := j.replacements()
	var out []string
	for _, word := range j.Program {
		if slices.ContainsFunc(j.Missing, func(name string) bool { return strings.Contains(word, "{"+name+"}") }) {
			if n := len(out); n > 1 && strings.HasPrefix(out[n-1], "-") {
				out = out[:n-1]
			}
			continue
		}
		out = append(out, replace(word, values))
	}
	return out
}

// replace returns a word in which values stand for their {NAME}. Other braces stay.
func replace(word string, values map[string]string) string {
	var out strings.Builder
	for {
		begin := strings.IndexByte(word, '{')
		end := strings.IndexAny(word[begin+1:], "{}") + begin + 1
		if begin < 0 || end <= begin {
			out.WriteString(word)
			return out.String()
		}
		value, known := values[word[begin+1:end]]
		if known = known && word[end] == '}'; known {
			out.WriteString(word[:begin] + value)
			word = word[end+1:]
		} else {
			out.WriteString(word[:end])
			word = word[end:]
		}
	}
}

// Absolute returns words in which those that are relative paths of files below start
// are absolute paths.
func Absolute(start string, words []string) []string {
	out := slices.Clone(words)
	for i, w := range out {
		if path, ok := File(start, w); ok {
			out[i] = path
		}
	}
	return out
}

// File returns the absolute path of the file that a word of a command names, relative
// to start or absolute. A program without a slash is one of the system's, unless there is
// such a file.
func File(start, word string) (path string, ok bool) {
	if word == "" {
		return "", false
	}
	if path = word; !filepath.IsAbs(path) {
		path = filepath.Join(start, word)
	}
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}

// environment returns that of the program.
func (j *Job) environment() []string {
	t := &j.Trial
	own := []string{
		"AUTODROPOUT_PROTOCOL=" + strconv.Itoa(t.Version), "AUTODROPOUT_KIND=" + t.Kind, "AUTODROPOUT_ROW=" + t.Row,
		"AUTODROPOUT_INDEX=" + strconv.Itoa(t.Index), "AUTODROPOUT_SEED=" + fmt.Sprint(t.Seed),
		"AUTODROPOUT_BUDGET=" + strconv.Itoa(t.Budget), "AUTODROPOUT_ATTEMPT=" + strconv.Itoa(t.Attempt),
		folderVariable + "=" + j.Folder, "AUTODROPOUT_START=" + j.Start,
		"AUTODROPOUT_PATTERN=" + j.path(patternFile, j.Pattern != nil), "AUTODROPOUT_CHOICES=" + j.path(choicesFile, j.Choices != nil),
		"AUTODROPOUT_SLOT=" + j.Slot, "PWD=" + j.Folder,
	}
	if j.Slot != "" {
		own = append(own, "CUDA_VISIBLE_DEVICES="+j.Slot)
	}
	var names []string
	for _, mine := range own {
		name, _, _ := strings.Cut(mine, "=")
		names = append(names, name)
	}
	for _, given := range os.Environ() {
		if name, _, _ := strings.Cut(given, "="); !slices.Contains(names, name) {
			own = append(own, given)
		}
	}
	return own
}

// prepare makes the folder ready for an attempt, in which no program of an earlier attempt
// works any more.
func (j *Job) prepare(ctx context.Context) (o *output, err error) {
	err = os.Mkdir(j.Folder, 0o777)
	empty := err == nil
	if !empty {
		if err := os.MkdirAll(j.Folder, 0o777); err != nil {
			return nil, err
		}
	}
	path, flags := filepath.Join(j.Folder, trialFile), os.O_RDWR
	if empty {
		flags |= os.O_CREATE
	}
	j.trial, err = os.OpenFile(path, flags, 0o666)
	again := !empty && err == nil
	if errors.Is(err, fs.ErrNotExist) {
		j.trial, err = os.OpenFile(path, flags|os.O_CREATE, 0o666)
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			j.trial.Close()
		}
	}()
	var before Trial
	if again {
		text, err := io.ReadAll(j.trial)
		if err != nil {
			return nil, err
		}
		_ = json.Unmarshal(text, &before) // half a file is one of an attempt that hardly was
		endLeftovers(j.Folder)
	}
	j.Trial.Version, j.Trial.Attempt = protocol, before.Attempt+1
	if err := j.hold(ctx); err != nil {
		return nil, err
	}
	if again {
		if err := os.Remove(filepath.Join(j.Folder, Result)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := j.trial.Truncate(0); err != nil {
			return nil, err
		}
	}
	trial, err := json.MarshalIndent(j.Trial, "", "  ")
	if err != nil {
		return nil, err
	}
	if _, err := j.trial.WriteAt(append(trial, '\n'), 0); err != nil {
		return nil, err
	}
	for name, content := range map[string][]byte{patternFile: j.Pattern, choicesFile: j.Choices} {
		if content == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(j.Folder, name), content, 0o666); err != nil {
			return nil, err
		}
	}
	o = &output{path: filepath.Join(j.Folder, outputFile)}
	if again {
		_ = o.append(fmt.Appendf(nil, "\n[attempt %d]\n", j.Trial.Attempt))
	}
	return o, nil
}

// hold waits until nobody else has the file of the trial open.
func (j *Job) hold(ctx context.Context) error {
	for spoken := false; held(j.trial); spoken = true {
		if !spoken {
			j.Notify("it waits until what an earlier attempt has started in " + j.Folder + " has ended")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// tidy removes from the folder, which has files of those names, what is of no use once there
// is an answer.
func (j *Job) tidy(names []string) {
	if j.Trial.Attempt > 1 {
		os.Remove(filepath.Join(j.Folder, spentFile))
	}
	if j.Keep {
		return
	}
	for _, name := range names {
		if !slices.Contains(lasting, name) {
			// What cannot be removed costs room only.
			_ = os.RemoveAll(filepath.Join(j.Folder, name))
		}
	}
}

// spent returns the seconds of earlier attempts.
func (j *Job) spent() float64 {
	text, err := os.ReadFile(filepath.Join(j.Folder, spentFile))
	if err != nil {
		return 0
	}
	seconds, _ := strconv.ParseFloat(string(text), 64)
	return seconds
}
