package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"autodropout/internal/atomicfile"
)

// ConfigName is the file in a run folder with the effective settings.
const ConfigName = "config.toml"

// OpenFolder makes the folder of a run ready, before anything is computed, and
// returns its path. A fresh run needs one that is new or empty and writes its
// settings there; one that is resumed must have been started with the same. It
// is a *UsageError when the folder does not fit the request, another error when
// it cannot be written.
func OpenFolder(name string, run Run) (string, error) {
	path := run.Out
	if path == "" {
		path = filepath.Join("runs", name+"-"+time.Now().Format("20060102-150405"))
	}
	if run.Resume {
		if err := sameSettings(filepath.Join(path, ConfigName), run.Settings); err != nil {
			return "", err
		}
		return path, writable(path)
	}
	entries, err := os.ReadDir(path)
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return atomicfile.IsTemporary(e.Name()) }) // of a run that was killed when it began
	switch {
	case err == nil && len(entries) > 0:
		return "", Usagef("the folder %s is not empty: add -resume to continue the run in it, or give -out another folder", path)
	case err != nil && !os.IsNotExist(err):
		return "", fmt.Errorf("cannot use the output folder: %w", err)
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return "", fmt.Errorf("cannot make the output folder: %w", err)
	}
	if err := writable(path); err != nil {
		return "", err
	}
	text, err := run.Settings.TOML()
	if err != nil {
		return "", err
	}
	text = append([]byte(commandMark+run.Command+"\n"), text...)
	return path, atomicfile.WriteBytes(filepath.Join(path, ConfigName), text)
}

// hold keeps other processes from working in a run's folder until release. It is a
// *UsageError when one does already.
func hold(folder string) (release func() error, err error) {
	f, err := os.Open(filepath.Join(folder, ConfigName))
	if err != nil {
		return nil, fmt.Errorf("cannot hold the output folder: %w", err)
	}
	if tryHold(f) {
		f.Close()
		return nil, Usagef("another process works in %s: wait until it has ended, or give -out another folder", folder)
	}
	return f.Close, nil
}

// commandMark begins the first line of a run's settings, which has its command.
const commandMark = "# "

// firstCommand returns the command that started the run in a folder, "" when it
// is not known.
func firstCommand(folder string) string {
	command, found := strings.CutPrefix(readLine(filepath.Join(folder, ConfigName)), commandMark)
	if !found {
		return ""
	}
	return command
}

// writable tries to write to a folder.
func writable(path string) error {
	f, err := os.CreateTemp(path, ".probe-*.tmp")
	if err != nil {
		return fmt.Errorf("cannot write to the output folder: %w", err)
	}
	f.Close()
	return os.Remove(f.Name())
}

func sameSettings(path string, settings Settings) error {
	before, err := readConfig(path)
	if err != nil {
		return err
	}
	text, err := settings.TOML()
	if err != nil {
		return err
	}
	now, err := parseConfig(path, string(text))
	if err != nil {
		return err
	}
	for _, key := range now.keys {
		if was, is := before.values[key], now.values[key]; was != is {
			return Usagef("the run in %s was started with -%s %s, not %s: give -out another folder for other settings",
				filepath.Dir(path), key, was, is)
		}
	}
	return nil
}
