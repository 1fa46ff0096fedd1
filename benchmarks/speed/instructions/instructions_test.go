package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"autodropout/internal/pages"
)

// log is what QEMU would write about a program that starts, and then takes steps
// of so many blocks.
func log(steps ...int) string {
	var b strings.Builder
	translate := func(function string, lines ...string) {
		fmt.Fprintf(&b, "----------------\nIN: %s\n%s\n\n", function, strings.Join(lines, "\n"))
	}
	execute := func(pc int, function string) {
		fmt.Fprintf(&b, "Trace 7: 0x7fbac4734780 [0000000001009331/%016x/00000001/00080200] %s\n", pc, function)
	}
	translate("main.kernel.repeat", "0x00001000:  c3                       retq     ")
	translate("f", "0x00002000:  1e60c001  fabs     d1, d0", "0x00002004:  d65f03c0  ret      ")
	// The second instruction of this one takes two lines.
	translate("g", "0x0000300a:  90                       nop      ", "0x0000300b:  c4 e2 f9 a9 0d b6 e9 48  vfmadd213sd 0x48e9b6(%rip), %xmm0, %xmm1", "0x00003013:  00", "0x00003014:  c3                       retq     ")
	translate("", "0x0000400c:  d4000001  svc      #0")
	for range leastStep {
		execute(0x2000, "f") // the start
	}
	execute(0x1000, "main.kernel.repeat")
	execute(0x400c, "")
	for _, blocks := range steps {
		execute(0x1000, "main.kernel.repeat")
		for i := range blocks {
			execute(0x300a, "g")
			if i%2 == 0 {
				execute(0x2000, "f")
			}
			if i == 5 {
				b.WriteString("Stopped execution of TB chain before 0x7fbac4726800 [000000000013aa30] f\n")
			}
		}
	}
	execute(0x1000, "main.kernel.repeat")
	b.WriteString("a last message\n")
	return b.String()
}

func TestCountStep(t *testing.T) {
	for step, want := range []counts{1: {"g": 3 * 40_000, "f": 2 * 20_000}, 2: {"g": 3 * 50_000, "f": 2 * 25_000}} {
		if step == 0 {
			continue
		}
		got, tail, err := countStep(strings.NewReader(log(40_000, 50_000)), step)
		if err != nil || !maps.Equal(got, want) || string(tail) != "a last message" {
			t.Errorf("step %d: %v, want %v; last words %q; error %v", step, got, want, tail, err)
		}
	}
	if got, _, err := countStep(strings.NewReader(log(40_000)), 2); err == nil {
		t.Errorf("the second of one step: %v", got)
	}
	for _, wrong := range []string{
		"Trace 7: 0x7f [00/0000000000005000/01/02] f\n",
		"Trace 7: nothing else\n",
	} {
		if _, _, err := countStep(strings.NewReader(wrong), 1); err == nil || !strings.Contains(err.Error(), "QEMU's log has") {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
}

func TestPrint(t *testing.T) {
	var out strings.Builder
	counts{"f": 250, "g": 700, "h": 50}.print(&out, targets[1], 2)
	want := `
neon     arm64            1000
                           700  70.0 %  g
                           250  25.0 %  f
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", &out, want)
	}
}

func TestFlags(t *testing.T) {
	c, err := parse(strings.Fields("-model wrn-10-1 -batch 3 -simd neon,avx2"), nil)
	if err != nil || c.model != "wrn-10-1" || c.batch != 3 || len(c.targets) != 2 || c.targets[0].name != "neon" || c.targets[1].arch != "amd64" {
		t.Errorf("%+v, error %v", c, err)
	}
	for _, test := range []struct{ args, want string }{
		{"-simd neon,avx512", `no instruction set "avx512"`},
		{"-simd=", `no instruction set ""`},
		{"-batch 0", "-batch"},
		{"-functions -1", "-functions"},
		{"-fast", "-fast"},
		{"neon", `"neon" is not a flag`},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
		if code != 2 || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, %q, want 2 and %q", test.args, code, &stderr, test.want)
		}
	}
}

// A stop is no failure of what was running.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped")
	cancel(why)
	if err := start(ctx, nil, io.Discard); err != why {
		t.Errorf("error %v after an interrupt, want %v", err, why)
	}
}

// The commands that pages print are for hours in an emulator: here they are read.
func TestPrintedCommands(t *testing.T) {
	for _, args := range pages.Printed(t, "benchmarks/speed/instructions") {
		if c, err := parse(args, io.Discard); err != nil || len(c.targets) == 0 {
			t.Errorf("%v: %+v, error %v", args, c, err)
		}
	}
}
