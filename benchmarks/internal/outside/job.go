package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"autodropout/internal/filelock"
)

// protocol is the version of doc/external-protocol.md.
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
	Program []string // with its arguments, before anything is replaced in them
	Path    string   // the program's file; "": it is looked for when it is started
	Start   string   // the folder that relative files are in
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
	for _, word := range Absolute(j.Start, j.Program) {
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
		"AUTODROPOUT_SLOT=" + j.Slot,
	}
	if j.Slot != "" {
		own = append(own, "CUDA_VISIBLE_DEVICES="+j.Slot)
	}
	return append(os.Environ(), own...)
}

// prepare makes the folder ready for an attempt. The output it returns has the folder's
// file, which no program of an earlier attempt has any more.
func (j *Job) prepare(ctx context.Context) (o *output, err error) {
	err = os.Mkdir(j.Folder, 0o777)
	empty := err == nil
	if !empty {
		if err := os.MkdirAll(j.Folder, 0o777); err != nil {
			return nil, err
		}
	}
	var before Trial
	again := false
	if !empty {
		text, err := os.ReadFile(filepath.Join(j.Folder, trialFile))
		if again = err == nil; again {
			_ = json.Unmarshal(text, &before) // half a file is one of an attempt that hardly was
			endLeftovers(j.Folder)
		}
	}
	j.Trial.Version, j.Trial.Attempt = protocol, before.Attempt+1
	file, err := os.OpenFile(filepath.Join(j.Folder, outputFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	if err := j.hold(ctx, file); err != nil {
		return nil, err
	}
	if again {
		if err := os.Remove(filepath.Join(j.Folder, Result)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	trial, err := json.MarshalIndent(j.Trial, "", "  ")
	if err != nil {
		return nil, err
	}
	for name, content := range map[string][]byte{trialFile: append(trial, '\n'), patternFile: j.Pattern, choicesFile: j.Choices} {
		if content == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(j.Folder, name), content, 0o666); err != nil {
			return nil, err
		}
	}
	o = &output{file: file}
	if again {
		fmt.Fprintf(file, "\n[attempt %d]\n", j.Trial.Attempt)
	}
	return o, nil
}

// hold waits until nobody else has the file of the output open.
func (j *Job) hold(ctx context.Context, file *os.File) error {
	for spoken := false; filelock.Try(file); spoken = true {
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

// tidy removes from the folder what is of no use once there is an answer.
func (j *Job) tidy() {
	if j.Trial.Attempt > 1 {
		os.Remove(filepath.Join(j.Folder, spentFile))
	}
	if j.Keep {
		return
	}
	entries, _ := os.ReadDir(j.Folder)
	for _, e := range entries {
		if !slices.Contains(lasting, e.Name()) {
			// What cannot be removed costs room only.
			_ = os.RemoveAll(filepath.Join(j.Folder, e.Name()))
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
