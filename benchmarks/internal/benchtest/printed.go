package benchtest

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"autodropout/internal/pages"
)

// RunsPrinted runs every command that the pages print for the program, and demands that
// all succeed and that there are so many or more. What is downloaded, or is a reader's own, is replaced by data; small returns
// the flags that make a run short and come last. A command for a run that is there gets one. Those
// that make a cluster run together, on an address of their own.
func (p Program) RunsPrinted(t *testing.T, name, data string, least int, small ...string) {
	t.Helper()
	dir := t.TempDir()
	trained := filepath.Join(dir, "trained")
	p.Must(t, append([]string{"-data", data, "-out", trained}, small...)...)
	sentences := filepath.Join(dir, "sentences")
	Folder(t, map[string]string{"sentences": "a\n"}, dir)
	commands := pages.Printed(t, "benchmarks/"+name)
	var served []string
	var workers [][]string
	if len(commands) < least {
		t.Errorf("%d commands of %s are printed, %d or more were expected", len(commands), name, least)
	}
	for i, args := range commands {
		if slices.Contains(args, "-worker") {
			workers = append(workers, args)
			continue
		}
		resumed := slices.Contains(args, "-resume")
		patterned := false
		for j := range len(args) - 1 {
			value := &args[j+1]
			switch args[j] {
			case "-data":
				*value = data
			case "-out":
				*value = trained
			case "-translate-file":
				*value = sentences
			case "-pattern":
				patterned = true
				if *value = filepath.Join(pages.Root(t), *value); strings.Contains(*value, "runs") {
					*value = filepath.Join(trained, "best-pattern.json")
				}
			}
		}
		if !resumed {
			more := slices.Clone(small)
			if at := slices.Index(more, "-method"); patterned && at >= 0 {
				more = slices.Delete(more, at, at+2)
			}
			if !slices.Contains(args, "-data") {
				more = append(more, "-data", data)
			}
			args = slices.Concat(args, more, []string{"-out", filepath.Join(dir, "run"+string(rune('a'+i)))})
		}
		if slices.Contains(args, "-serve") {
			served = args
			continue
		}
		p.Must(t, args...)
	}
	if (served == nil) != (len(workers) == 0) {
		t.Error("the pages print -serve or -worker, and not both")
	}
	if served != nil {
		p.serves(t, served, workers)
	}
}

// serves runs a coordinator and its workers, which must all end well.
func (p Program) serves(t *testing.T, coordinator []string, workers [][]string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	begin := func(args []string) {
		all.Go(func() {
			if code, stdout, stderr := p.Call(t, args...); code != 0 {
				t.Errorf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
			}
		})
	}
	begin(append(coordinator, "-listen", address))
	for _, args := range workers {
		begin(append(args, "-nats", "nats://"+address))
	}
	all.Wait()
}
