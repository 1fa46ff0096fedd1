package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"autodropout/benchmarks/internal/runfolder"
)

func readReport(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, runfolder.Report))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReport looks at what a run leaves that was stopped and resumed.
func TestReport(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	const stopped = "stopped before it had finished"
	mustCall(t, tiny(folder, "-steps", "3")...)
	if page := readReport(t, folder); !strings.Contains(page, stopped) || strings.Contains(page, "<tbody") {
		t.Error("the report of a stopped run does not say so, or has rows")
	}
	stdout := mustCall(t, "-resume", "-out", folder)
	page, result := readReport(t, folder), readResult(t, folder)
	if strings.Contains(page, stopped) {
		t.Error("the report of a finished run says that it was stopped")
	}
	for _, want := range []string{"none", "AutoDropout", "WRN-10-1 on synthetic", `-trials</span> <span class="whole">3`, "block 3.1", "demonstration", "train-size = 60"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not have %q", want)
		}
	}
	if strings.Contains(result.Command, "-resume") || !strings.Contains(result.Command, "-steps 3") {
		t.Errorf("the command of the resumed run is %q", result.Command)
	}
	if words := strings.Fields(result.Summary); len(words) < 20 || !strings.Contains(strings.Join(strings.Fields(stdout), " "), strings.Join(words, " ")) {
		t.Errorf("the summary is %q, and the output\n%s", result.Summary, stdout)
	}
	// Two sessions of the first training, with each of its 10 steps once.
	for run, want := range map[string]struct{ files, points int }{"none-0": {2, 10}, "autodropout-0": {1, 10}} {
		files, err := filepath.Glob(filepath.Join(folder, "tensorboard", run, "*tfevents*"))
		if err != nil {
			t.Fatal(err)
		}
		points, epochs := 0, 0
		for i, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			points += bytes.Count(text, []byte("train/loss"))
			epochs += bytes.Count(text, []byte("valid/loss"))
			// The session log says that a session starts: the second one at step 4.
			if start := []byte{2 << 3, 4, 7<<3 | 2, 2, 8, 1}; bytes.Contains(text, start) != (len(files) == 2 && i == 1) {
				t.Errorf("file %d of %s begins at the wrong step", i+1, run)
			}
		}
		if len(files) != want.files || points != want.points || epochs != 2 {
			t.Errorf("TensorBoard has %d losses of %s in %d files, and %d of epochs, want %+v and 2 epochs", points, run, len(files), epochs, want)
		}
	}
}

// watch passes on the first address that is written.
type watch struct {
	address chan string
	found   bool
}

func (w *watch) Write(text []byte) (int, error) {
	if at := regexp.MustCompile(`http://\S+`).Find(text); at != nil && !w.found {
		w.found = true
		w.address <- string(at)
	}
	return len(text), nil
}

func TestDashboard(t *testing.T) {
	out := &watch{address: make(chan string, 1)}
	folder := filepath.Join(t.TempDir(), "run")
	ended := make(chan int)
	go func() { ended <- run(t.Context(), tiny(folder, "-dashboard", ":0"), out, io.Discard) }()
	address := <-out.address
	client := http.Client{Timeout: time.Minute}
	get := func(path string) string {
		response, err := client.Get(address + path)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	if page := get("/"); !strings.Contains(page, "The run goes on.") || !strings.Contains(page, "WRN-10-1") {
		t.Errorf("the dashboard shows\n%.1000s", page)
	}
	// The events last as long as the run, and so does the page.
	events := get("/events")
	for _, want := range []string{"whole run: ", "best so far: ", `"ended":true`} {
		if !strings.Contains(events, want) {
			t.Errorf("the events do not have %q:\n%s", want, events)
		}
	}
	if code := <-ended; code != 0 {
		t.Errorf("the run ended with code %d", code)
	}
	if _, err := client.Get(address); err == nil {
		t.Error("the dashboard answers after the run")
	}
	if code, _, stderr := call(t, tiny(filepath.Join(t.TempDir(), "run"), "-dashboard", "nowhere")...); code != 2 || !strings.Contains(stderr, "-dashboard nowhere") {
		t.Errorf("a dashboard at no address: code %d, %s", code, stderr)
	}
}
