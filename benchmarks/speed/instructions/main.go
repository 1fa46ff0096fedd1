// Command instructions counts the instructions of a training step on processors
// that are not at hand, by emulating them: those of `benchmarks/speed -run train`
// for arm64 with NEON and in portable Go, and for amd64 with AVX2. Counts are no
// times, but they show code that does more than it need.
//
// It is to be run in the root of the repository, and needs Go and QEMU's
// emulators of user programs: Debian's qemu-user-static. A step of WRN-28-2 with
// one image takes some minutes, and in portable Go an hour.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/usage"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(ctx, args, stdout), "instructions", stderr)
}

// A target is a kind of machine, and how to emulate it.
type target struct {
	name     string // that of the tier, as AUTODROPOUT_SIMD has it
	arch     string
	emulator []string
}

var targets = []target{
	{"avx2", "amd64", []string{"qemu-x86_64-static", "-cpu", "Haswell"}},
	{"neon", "arm64", []string{"qemu-aarch64-static"}},
	{"generic", "arm64", []string{"qemu-aarch64-static"}},
}

// config is what the flags say.
type config struct {
	model     string
	batch     int
	functions int
	targets   []target
}

const summary = `Instructions counts the instructions of a training step, the second one, on emulated processors.

Flags:
`

// parse returns the configuration that the arguments ask for. Everything the
// user can get wrong is a *usage.Error.
func parse(args []string, stdout io.Writer) (config, error) {
	var c config
	fs := flag.NewFlagSet("instructions", flag.ContinueOnError)
	fs.StringVar(&c.model, "model", "wrn-28-2", "the `model`, as benchmarks/speed names it")
	cli.Whole(fs, &c.batch, "batch", 1, "`examples` a batch")
	cli.Whole(fs, &c.functions, "functions", 0, "the `number` of functions to list, those with the most instructions")
	names := fs.String("simd", "avx2,neon,generic", "instruction `sets`: avx2 on amd64, neon and generic, which is portable Go, on arm64")
	c.batch, c.functions = 1, 20
	if err := cli.ParseFlags(fs, summary, args, stdout); err != nil {
		return c, err
	}
	if err := cli.NoArguments(fs); err != nil {
		return c, err
	}
	for name := range strings.SplitSeq(*names, ",") {
		before := len(c.targets)
		for _, t := range targets {
			if t.name == name {
				c.targets = append(c.targets, t)
			}
		}
		if len(c.targets) == before {
			return c, usage.Errorf("-simd has no instruction set %q: take some of avx2, neon and generic, with commas between them", name)
		}
	}
	return c, nil
}

func start(ctx context.Context, args []string, stdout io.Writer) error {
	c, err := parse(args, stdout)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "instructions")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	fmt.Fprintf(stdout, "Instructions of a training step of %s, batch %d, commit %s\n", c.model, c.batch, machine.Commit("."))
	for _, t := range c.targets {
		counts, err := c.count(ctx, t, folder)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		counts.print(stdout, t, c.functions)
	}
	return nil
}

// count builds and runs the program, and counts what it does in its second step:
// the first one fills free lists.
func (c *config) count(ctx context.Context, t target, folder string) (counts, error) {
	program := filepath.Join(folder, "speed-"+t.arch)
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./benchmarks/speed")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+t.arch, "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("benchmarks/speed cannot be built for %s (this is to be run in the root of the repository): %w: %s", t.arch, err, output)
	}
	args := append(t.emulator[1:len(t.emulator):len(t.emulator)], "-d", "in_asm,exec,nochain", program,
		"-run", "train", "-model", c.model, "-batch", fmt.Sprint(c.batch), "-steps", "2", "-threads", "1")
	running, stop := context.WithCancel(ctx)
	defer stop()
	emulation := exec.CommandContext(running, t.emulator[0], args...)
	// Collections would come when the emulator's speed says so.
	emulation.Env = append(os.Environ(), "AUTODROPOUT_SIMD="+t.name, "GOGC=off")
	log, err := emulation.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := emulation.Start(); err != nil {
		return nil, fmt.Errorf("the emulator cannot be started (Debian's package is qemu-user-static): %w", err)
	}
	counts, tail, err := countStep(log, 2)
	if err != nil {
		stop()
	}
	exit := emulation.Wait()
	if err = cmp.Or(err, exit); err != nil {
		return nil, fmt.Errorf("%s with %s: %w; its last words: %q", t.emulator[0], t.name, err, tail)
	}
	return counts, nil
}
