//go:build unix

package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A test program trains in this one's place when its first argument is this word.
const programWord = "as-a-program"

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == programWord {
		program(os.Args[2], os.Args[3:])
		return
	}
	os.Exit(m.Run())
}

const answered = `{"reward": 0.5}`

// program is what tests have run.
func program(what string, args []string) {
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			fmt.Println(err)
			os.Exit(9)
		}
	}
	forever := func() { time.Sleep(time.Hour) }
	switch what {
	case "file":
		write(Result, `{"reward": 0.25, "values": {"error": 3}}`)
		fmt.Println(answered)
	case "line":
		fmt.Println("epoch 1")
		fmt.Println(answered)
		fmt.Println()
		fmt.Fprintln(os.Stderr, "a warning on the way out")
	case "say":
		fmt.Println(strings.Join(args, "\n"))
	case "exit":
		write("checkpoint", "half")
		write(Result, answered)
		fmt.Fprintln(os.Stderr, "CUDA error: out of memory")
		code, _ := strconv.Atoi(args[0])
		os.Exit(code)
	case "tell": // and go on
		fmt.Println("epoch 1")
		forever()
	case "hang":
		write("checkpoint", "half")
		forever()
	case "save": // on SIGTERM
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		write("ready", "")
		<-signals
		write("checkpoint", "saved")
		if len(args) > 0 {
			fmt.Println(args[0])
		}
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		write("ready", "")
		forever()
	case "megabytes":
		line := strings.Repeat("x", 1<<16)
		for i := range 160 {
			fmt.Println(i, line)
		}
		fmt.Println("the end")
		fmt.Println(answered)
	case "children": // that hold the output open, and one that is deaf
		for _, child := range []string{"hang", "deaf"} {
			c := exec.Command(os.Args[0], programWord, child)
			c.Stdout, c.Stderr = os.Stdout, os.Stderr
			if err := c.Start(); err != nil {
				os.Exit(9)
			}
			write("child-"+child, strconv.Itoa(c.Process.Pid))
		}
		fmt.Println(answered)
	case "full":
		if err := os.WriteFile("/dev/full", []byte("checkpoint"), 0o666); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	case "search": // runs a job, until it is killed
		j := job(args[0], "hang")
		_, err := j.Run(context.Background())
		fmt.Println(err)
	}
}

// job has this test be the program, in a folder.
func job(folder, what string, args ...string) *Job {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return &Job{
		Program: slices.Concat([]string{self, programWord, what}, args), Start: filepath.Dir(folder), Folder: folder,
		Trial: Trial{Kind: "trial", Row: "random", Index: 3, Seed: 77, Budget: 10}, Grace: 100 * time.Millisecond, Notify: func(string) {},
	}
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func names(t *testing.T, folder string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

func TestAnswers(t *testing.T) {
	for what, reward := range map[string]float64{"file": 0.25, "line": 0.5} {
		folder := filepath.Join(t.TempDir(), "trial")
		d, err := job(folder, what).Run(t.Context())
		if err != nil || d.Reward != reward || d.Attempts != 1 || d.Seconds <= 0 || !strings.Contains(d.Output, answered) {
			t.Errorf("%s: %+v, %v", what, d, err)
		}
		if what == "file" && d.Values["error"] != 3 {
			t.Errorf("the values are %v", d.Values)
		}
	}
}

// TestProgramLearns: what a program is told by files, environment and arguments.
func TestProgramLearns(t *testing.T) {
	start := t.TempDir()
	if err := os.WriteFile(filepath.Join(start, "train.py"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CUDA_VISIBLE_DEVICES", "7")
	folder := filepath.Join(start, "run", "trial-3")
	j := job(folder, "say", "{folder}", "{pattern}", "{choices}", "{seed}-{budget}-{attempt}-{index}", "{lr}", "--lr", "{gone}", "{unknown}", "train.py", "run", "{slot}", "$HOME", `{"reward": {rate}}`)
	j.Program = Absolute(start, j.Program)
	j.Start, j.Slot, j.Choices, j.Missing = start, "2", []byte(`{"version": 1}`), []string{"gone"}
	j.Values = map[string]string{"lr": "{seed}", "rate": "0.3"}
	d, err := j.Run(t.Context())
	want := []string{folder, "", filepath.Join(folder, "choices.json"), "77-10-1-3", "{seed}", "{unknown}", filepath.Join(start, "train.py"), "run", "2", "$HOME", `{"reward": 0.3}`}
	if got := strings.Split(d.Output, "\n"); err != nil || d.Reward != 0.3 || !slices.Equal(got, want) {
		t.Errorf("the program was told\n%q, want\n%q (%v)", got, want, err)
	}
	var trial Trial
	if err := json.Unmarshal([]byte(read(t, folder, "trial.json")), &trial); err != nil || trial != (Trial{1, "trial", "random", 3, 77, 10, 1}) {
		t.Errorf("trial.json says %+v, %v", trial, err)
	}
	if got := names(t, folder); !slices.Equal(got, []string{"choices.json", "output.txt", "trial.json"}) {
		t.Errorf("the folder has %q", got)
	}
	j = job(filepath.Join(start, "run", "trial-4"), "say", answered)
	j.Pattern, j.Slot, j.Start = []byte(`{"version": 1}`), "2", start
	self := j.Program[0]
	j.Program = []string{"/bin/sh", "-c", `cat "$AUTODROPOUT_PATTERN"; echo; env | grep -e ^AUTODROPOUT -e ^CUDA | sort; pwd; exec ` + self + ` as-a-program say '{"reward": 1}'`}
	d, err = j.Run(t.Context())
	for _, want := range []string{
		`{"version": 1}`, "AUTODROPOUT_PROTOCOL=1", "AUTODROPOUT_KIND=trial", "AUTODROPOUT_ROW=random", "AUTODROPOUT_INDEX=3", "AUTODROPOUT_SEED=77", "AUTODROPOUT_BUDGET=10", "AUTODROPOUT_ATTEMPT=1",
		"AUTODROPOUT_FOLDER=" + j.Folder, "AUTODROPOUT_START=" + start, "AUTODROPOUT_PATTERN=" + filepath.Join(j.Folder, "pattern.json"), "AUTODROPOUT_CHOICES=", "AUTODROPOUT_SLOT=2", "CUDA_VISIBLE_DEVICES=2", j.Folder,
	} {
		if !slices.Contains(strings.Split(d.Output, "\n"), want) {
			t.Errorf("the program does not print %q but\n%s (%v)", want, d.Output, err)
		}
	}
}

func TestTrouble(t *testing.T) {
	for _, c := range []struct {
		what string
		args []string
		want []string
	}{
		{"exit", []string{"3"}, []string{"exit code 3", "last lines: CUDA error: out of memory"}},
		{"say", []string{"done"}, []string{"it has not answered", "last lines: done"}},
		{"say", nil, []string{"it has not answered", "printed nothing"}},
		{"say", []string{`{"accuracy": 1}`}, []string{"the last line of its output is not an answer", `unknown field "accuracy"`}},
		{"full", nil, []string{"exit code 1", "no space left on device"}},
		{"hang", nil, []string{"stopped after -time-limit 300ms"}},
		{"deaf", nil, []string{"stopped after -time-limit 300ms"}},
	} {
		j := job(filepath.Join(t.TempDir(), "trial"), c.what, c.args...)
		j.Limit = 300 * time.Millisecond
		if c.what != "hang" && c.what != "deaf" {
			j.Limit = time.Minute
		}
		began := time.Now()
		d, err := j.Run(t.Context())
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s %q: %+v, %v; want %q", c.what, c.args, d, err, want)
			}
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %v", c.what, took)
		}
	}
	j := job(filepath.Join(t.TempDir(), "trial"), "")
	j.Program = []string{"no-such-program"}
	if _, err := j.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no-such-program cannot be started") {
		t.Errorf("a program that does not exist: %v", err)
	}
	j.Program = []string{"/bin/sh", "-c", "kill -9 $$"}
	if _, err := j.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "ended by a signal (signal: killed)") {
		t.Errorf("a program that is killed: %v", err)
	}
}

// TestAttempts: the folder stays, but for the answer, until there is one that counts.
func TestAttempts(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "trial")
	for attempt := 1; attempt <= 2; attempt++ {
		if d, err := job(folder, "exit", "1").Run(t.Context()); err == nil || d.Attempts != attempt {
			t.Errorf("attempt %d: %+v, %v", attempt, d, err)
		}
	}
	if read(t, folder, "checkpoint") != "half" {
		t.Error("the checkpoint of a failed attempt is gone")
	}
	// Its answer was one of an attempt that failed.
	if d, err := job(folder, "say", "nothing").Run(t.Context()); err == nil || !strings.Contains(err.Error(), "has not answered") {
		t.Errorf("an old answer counts: %+v", d)
	}
	j := job(folder, "line")
	d, err := j.Run(t.Context())
	if err != nil || d.Attempts != 4 || d.Seconds < 1e-3 {
		t.Errorf("%+v, %v", d, err)
	}
	if got := names(t, folder); !slices.Equal(got, []string{"output.txt", "trial.json"}) {
		t.Errorf("with an answer the folder has %q", got)
	}
	if out := read(t, folder, "output.txt"); strings.Count(out, "CUDA error") != 2 || !strings.Contains(out, "[attempt 4]\n") || !strings.Contains(out, "epoch 1\n") {
		t.Errorf("the output is\n%s", out)
	}
	j = job(folder, "save", answered)
	j.Keep, j.Limit, j.Grace = true, 300*time.Millisecond, time.Minute
	if d, err := j.Run(t.Context()); err != nil || d.Reward != 0.5 {
		t.Errorf("a program that answers after SIGTERM: %+v, %v", d, err)
	}
	if read(t, folder, "checkpoint") != "saved" {
		t.Error("-keep does not keep")
	}
}

// TestStopped: SIGTERM is passed on, with time to save.
func TestStopped(t *testing.T) {
	cause := errors.New("stopped for the test")
	for what, saved := range map[string]bool{"save": true, "deaf": false} {
		folder := filepath.Join(t.TempDir(), "trial")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			for {
				if _, err := os.Stat(filepath.Join(folder, "ready")); err == nil {
					cancel(cause)
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		j := job(folder, what)
		if saved {
			j.Grace = time.Minute
		}
		if d, err := j.Run(ctx); !errors.Is(err, cause) {
			t.Errorf("%s: %+v, %v", what, d, err)
		}
		if _, err := os.Stat(filepath.Join(folder, "checkpoint")); (err == nil) != saved {
			t.Errorf("%s: the checkpoint: %v", what, err)
		}
	}
}

// TestOutputFile: what a program prints is in the file while it runs; where it prints nothing
// but its answer, which the result has, there is no file.
func TestOutputFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "trial")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(time.Millisecond) {
			if text, err := os.ReadFile(filepath.Join(folder, outputFile)); err == nil && string(text) == "epoch 1\n" {
				return
			}
		}
		t.Error("what a program prints that runs is not in the file")
	}()
	if d, err := job(folder, "tell").Run(ctx); err == nil || d.Output != "epoch 1" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, c := range []struct {
		words []string
		there bool
	}{{[]string{answered}, false}, {[]string{"", answered, ""}, false}, {[]string{"epoch 1", answered}, true}} {
		folder := filepath.Join(t.TempDir(), "trial")
		d, err := job(folder, "say", c.words...).Run(t.Context())
		if err != nil || d.Reward != 0.5 || slices.Contains(names(t, folder), outputFile) != c.there {
			t.Errorf("%q: %+v, %v, and the folder has %q", c.words, d, err, names(t, folder))
		}
	}
	folder = filepath.Join(t.TempDir(), "trial")
	if _, err := job(folder, "exit", "1").Run(t.Context()); err == nil {
		t.Fatal("an exit code of 1 is no trouble")
	}
	if _, err := job(folder, "say", answered).Run(t.Context()); err != nil || !strings.Contains(read(t, folder, outputFile), "[attempt 2]\n"+answered) {
		t.Errorf("the output of two attempts is %q, %v", read(t, folder, outputFile), err)
	}
}

// TestMegabytes: what is kept has an end, and the last line is found behind it.
func TestMegabytes(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "trial")
	d, err := job(folder, "megabytes").Run(t.Context())
	if err != nil || d.Reward != 0.5 || len(d.Output) > shownTail || !strings.Contains(d.Output, "the end\n") {
		t.Fatalf("%d bytes of output, %v, %v", len(d.Output), d.Reward, err)
	}
	out := read(t, folder, "output.txt")
	if len(out) > mostOutput+tailOutput+100 || !strings.HasPrefix(out, "0 xxx") || !strings.HasSuffix(out, "the end\n"+answered+"\n") || !strings.Contains(out, "bytes are left out here]") {
		t.Errorf("%d bytes are kept", len(out))
	}
}

// TestOutputKeepsAll: what is little more than is kept as it comes is kept whole.
func TestOutputKeepsAll(t *testing.T) {
	o := &output{path: filepath.Join(t.TempDir(), "output.txt")}
	defer o.close()
	var want strings.Builder
	for i := range (mostOutput + tailOutput/2) / 10 {
		line := fmt.Sprintf("%9d\n", i)
		want.WriteString(line)
		o.write([]byte(line), i%2 == 0)
	}
	o.finish("")
	if got := read(t, o.path); got != want.String() {
		t.Errorf("%d bytes of %d are kept", len(got), want.Len())
	}
}

// alive reports whether a process runs.
func alive(pid int) bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(state), ") Z ")
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%s does not come", what)
		}
	}
}

func pidIn(t *testing.T, elements ...string) int {
	t.Helper()
	pid, err := strconv.Atoi(read(t, elements...))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestChildren: what a program leaves behind is ended, and not waited for.
func TestChildren(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "trial")
	j := job(folder, "children")
	j.Keep = true
	began := time.Now()
	d, err := j.Run(t.Context())
	if err != nil || d.Reward != 0.5 || time.Since(began) > 10*time.Second {
		t.Fatalf("%+v, %v after %v", d, err, time.Since(began))
	}
	for _, child := range []string{"hang", "deaf"} {
		pid := pidIn(t, folder, "child-"+child)
		await(t, "the end of a child", func() bool { return !alive(pid) })
	}
}

// TestKilledSearch: a search that is killed takes its programs along, and what these
// have left is ended before the next attempt.
func TestKilledSearch(t *testing.T) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("needs Linux")
	}
	folder := filepath.Join(t.TempDir(), "trial")
	self, _ := os.Executable()
	search := exec.Command(self, programWord, "search", folder)
	if err := search.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the checkpoint", func() bool { _, err := os.Stat(filepath.Join(folder, "checkpoint")); return err == nil })
	search.Process.Kill()
	search.Wait()
	await(t, "the end of the program", func() bool { return len(leftoversOf(folder)) == 0 })

	// One that was not its child, in a group of its own.
	left := exec.Command(self, programWord, "deaf")
	left.Dir, left.Env = folder, append(os.Environ(), folderVariable+"="+folder)
	left.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	defer left.Process.Kill()
	await(t, "a deaf program", func() bool { _, err := os.Stat(filepath.Join(folder, "ready")); return err == nil })
	d, err := job(folder, "line").Run(t.Context())
	if err != nil || d.Attempts != 2 {
		t.Errorf("%+v, %v", d, err)
	}
	if state, err := left.Process.Wait(); err != nil || state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("what was left ended as %v, %v", state, err)
	}
}

// TestHeld: an attempt waits until nobody else has the folder.
func TestHeld(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "trial")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(folder, trialFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	j := job(folder, "line")
	said := make(chan string, 1)
	j.Notify = func(notice string) { said <- notice; f.Close() }
	if d, err := j.Run(t.Context()); err != nil || d.Reward != 0.5 {
		t.Errorf("%+v, %v", d, err)
	}
	select {
	case notice := <-said:
		if !strings.Contains(notice, folder) {
			t.Errorf("the notice is %q", notice)
		}
	default:
		t.Error("it did not wait")
	}
}

// TestFullDisk: what cannot be kept of the output is lost, and nothing else.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full")
	}
	folder := filepath.Join(t.TempDir(), "trial")
	if err := errors.Join(os.MkdirAll(folder, 0o777), os.Symlink("/dev/full", filepath.Join(folder, outputFile))); err != nil {
		t.Fatal(err)
	}
	if d, err := job(folder, "megabytes").Run(t.Context()); err != nil || d.Reward != 0.5 {
		t.Errorf("%+v, %v", d, err)
	}
	folder = filepath.Join(t.TempDir(), "trial")
	if err := errors.Join(os.MkdirAll(folder, 0o777), os.Symlink("/dev/full", filepath.Join(folder, patternFile))); err != nil {
		t.Fatal(err)
	}
	j := job(folder, "line")
	j.Pattern = []byte("{}")
	if _, err := j.Run(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("where pattern.json cannot be written: %v", err)
	}
}

func TestPack(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	packed := filepath.Join(t.TempDir(), "packed")
	for name, text := range map[string]string{"checkpoint": "abc", "sub/deep/x": "", "half.tmp": "no", "output.txt": "out"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(from, name)), 0o777), os.WriteFile(filepath.Join(from, name), []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Pack(from, packed), Unpack(packed, to)); err != nil {
		t.Fatal(err)
	}
	if got := names(t, to); !slices.Equal(got, []string{"checkpoint", "output.txt", "sub"}) || read(t, to, "checkpoint") != "abc" || read(t, to, "sub/deep/x") != "" {
		t.Errorf("%q came back", got)
	}
	before, err := Print(from)
	if err != nil {
		t.Fatal(err)
	}
	same, _ := Print(to)
	for _, name := range []string{"output.txt", "half.tmp", "checkpoint"} {
		differs := name == "checkpoint"
		if err := os.WriteFile(filepath.Join(from, name), []byte("changed"), 0o666); err != nil {
			t.Fatal(err)
		}
		if after, err := Print(from); err != nil || (after != before) != differs {
			t.Errorf("%s: %d, %d, %v", name, before, after, err)
		}
	}
	if same != before {
		t.Error("a copy has another print")
	}
	whole := read(t, packed)
	if err := os.WriteFile(packed, []byte(whole[:strings.Index(whole, "abc")+1]), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(packed, filepath.Join(t.TempDir(), "other")); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a copy: %v", err)
	}
}

func TestReplace(t *testing.T) {
	values := map[string]string{"a": "1", "b": "{a}"}
	for word, want := range map[string]string{
		"": "", "x": "x", "{a}": "1", "x{a}y{a}": "x1y1", "{b}": "{a}", "{c}": "{c}", "{{a}}": "{1}", "{a": "{a", "a}": "a}", "}{a}{": "}1{", "{}": "{}",
		`{"reward": 1}`: `{"reward": 1}`, `{"lr": {a}}`: `{"lr": 1}`,
	} {
		if got := replace(word, values); got != want {
			t.Errorf("%q becomes %q, not %q", word, got, want)
		}
	}
}
