package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/kills"
	"autodropout/controller"
	"autodropout/controller/cluster"
)

// serverWord is the first argument of this test where it is a NATS server.
const serverWord = "as-a-server"

// server is one, until it is killed: its arguments are where it listens, and its folder.
func server(args []string) {
	s, err := cluster.StartServer(cluster.ServerConfig{Listen: args[0], Folder: args[1], Logf: func(string, ...any) {}})
	if err != nil {
		fail(err)
	}
	defer s.Shutdown()
	select {}
}

// actor is a process that is started again whenever it is killed.
type actor struct {
	name  string
	start func() *exec.Cmd
	pause time.Duration // after a kill
	most  int           // kills

	mu      sync.Mutex
	command *exec.Cmd
	killed  bool
	kills   int
	ended   chan error // how it ended by itself
}

// act starts an actor and looks after it until ctx is cancelled.
func (a *actor) act(ctx context.Context) {
	a.ended = make(chan error, 1)
	for ctx.Err() == nil {
		a.mu.Lock()
		a.command, a.killed = a.start(), false
		err := a.command.Start()
		a.mu.Unlock()
		if err == nil {
			err = a.command.Wait()
		}
		a.mu.Lock()
		killed := a.killed
		a.mu.Unlock()
		if !killed {
			a.ended <- err
			return
		}
		time.Sleep(a.pause)
	}
}

// kill kills it, unless it is dead or has been killed often enough.
func (a *actor) kill() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.killed || a.kills >= a.most || a.command == nil || a.command.Process == nil {
		return false
	}
	a.killed = a.command.Process.Kill() == nil
	if a.killed {
		a.kills++
	}
	return a.killed
}

// found is what a search must find whatever happens.
func found(t *testing.T, folder string) string {
	t.Helper()
	log, err := controller.ReadLog(filepath.Join(folder, "autodropout", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i, trial := range log.Trials {
		fmt.Fprintln(&b, trial.Index, trial.Point, trial.Seed, log.Results[i].Reward, log.Results[i].Values, log.Results[i].Error)
	}
	b.Write(benchtest.Read(t, folder, "best-pattern.json"))
	return b.String()
}

// TestDisturbed kills programs, workers, the coordinator and the server at random: the
// search has the same trials with the same results, each once.
func TestDisturbed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a system that ends the programs of a worker that is killed")
	}
	dir := t.TempDir()
	register := filepath.Join(dir, "programs")
	if err := os.Mkdir(register, 0o777); err != nil {
		t.Fatal(err)
	}
	flags := func(out string, more ...string) []string {
		return settings(t, slices.Concat([]string{"-trials", "60", "-in-flight", "8", "-method", "autodropout", "-out", filepath.Join(dir, out)}, more), "pause=10ms", "register="+register)
	}
	program.Must(t, flags("plain", "-workers", "4")...)

	address := benchtest.FreeAddress(t)
	meet := []string{"-nats", "nats://" + address, "-job", "disturbed"}
	serve := slices.Concat([]string{"-serve", "-lost-after", "500ms"}, meet)
	begun := false
	output := func(name string, args ...string) *exec.Cmd {
		command, _, _ := kills.Command(t, args...)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
		if err != nil {
			t.Error(err)
		}
		command.Stdout, command.Stderr = f, f
		return command
	}
	coordinator := &actor{name: "coordinator", most: 2, pause: 100 * time.Millisecond, start: func() *exec.Cmd {
		if _, err := os.Stat(filepath.Join(dir, "run", "config.toml")); err == nil {
			begun = true
		}
		if begun {
			return output("coordinator.txt", slices.Concat([]string{"-resume", "-out", filepath.Join(dir, "run")}, serve)...)
		}
		return output("coordinator.txt", flags("run", serve...)...)
	}}
	nats := &actor{name: "server", most: 2, pause: 100 * time.Millisecond, start: func() *exec.Cmd {
		return exec.Command(self(t), serverWord, address, filepath.Join(dir, "nats"))
	}}
	actors := []*actor{coordinator, nats}
	for i := range 2 {
		actors = append(actors, &actor{name: fmt.Sprint("worker ", i+1), most: 3, pause: 50 * time.Millisecond, start: func() *exec.Cmd {
			return output(fmt.Sprintf("worker-%d.txt", i+1), slices.Concat([]string{"-worker", "-workers", "2", "-grace", "1s"}, meet)...)
		}})
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, a := range actors {
		group.Go(func() { a.act(ctx) })
	}
	defer func() {
		cancel()
		for _, a := range actors {
			a.most = a.kills + 1
			a.kill()
		}
		group.Wait()
	}()

	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	programs := 0
	disturb := time.NewTicker(150 * time.Millisecond)
	defer disturb.Stop()
	deadline := time.After(3 * time.Minute)
	for ended := false; !ended; {
		select {
		case err := <-coordinator.ended:
			if err != nil {
				t.Fatalf("seed %d: the coordinator ended with %v\n%s", seed, err, benchtest.Read(t, dir, "coordinator.txt"))
			}
			ended = true
		case <-disturb.C:
			if at := rng.IntN(len(actors) + 2); at < len(actors) {
				actors[at].kill()
			} else if programs < 6 && killProgram(register, rng) {
				programs++
			}
		case <-deadline:
			t.Fatalf("seed %d: the search does not end\n%s", seed, benchtest.Read(t, dir, "coordinator.txt"))
		}
	}
	for _, a := range actors {
		t.Logf("%s was killed %d times", a.name, a.kills)
	}
	t.Logf("programs were killed %d times; the moments have seed %d", programs, seed)
	if found(t, filepath.Join(dir, "run")) != found(t, filepath.Join(dir, "plain")) {
		t.Error("the disturbed search found something else")
	}
	text := string(benchtest.Read(t, dir, "run", "autodropout", "trials.jsonl"))
	if n := strings.Count(text, `{"finished":`); n != 60 {
		t.Errorf("the log has %d results of 60 trials", n)
	}
}

// killProgram kills one of the programs that run.
func killProgram(register string, rng *rand.Rand) bool {
	entries, err := os.ReadDir(register)
	if err != nil || len(entries) == 0 {
		return false
	}
	path := filepath.Join(register, entries[rng.IntN(len(entries))].Name())
	pid, err := strconv.Atoi(filepath.Base(path))
	if err != nil {
		return false
	}
	// Its name may be another's by now, unless it is ours.
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if gone := os.Remove(path); err != nil || errors.Is(gone, fs.ErrNotExist) || !strings.Contains(string(text), "AUTODROPOUT_FOLDER=") {
		return false
	}
	process, err := os.FindProcess(pid)
	return err == nil && process.Kill() == nil
}
