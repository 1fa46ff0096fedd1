package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// counts are the instructions that each function executed.
type counts map[string]int64

// A block is a piece of code without jumps into or out of its middle.
type block struct {
	function string
	size     int64 // instructions
	runs     int64
}

// betweenSteps calls the step. The program is there between steps.
const betweenSteps = "main.kernel.repeat"

// countStep reads QEMU's log of translated and of executed blocks, and returns
// the counts of a step of betweenSteps, of which 1 is the first. A step is one of
// the longest stretches outside of that function. tail is the end of what is not
// part of the log, such as messages.
func countStep(log io.Reader, step int) (result counts, tail []byte, err error) {
	blocks := map[uint64]*block{}
	var translated *block // whose instructions are being listed
	stretch, seen := int64(0), 0
	r := bufio.NewReaderSize(log, 1<<20)
	for {
		line, err := r.ReadSlice('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, tail, err
		}
		line = bytes.TrimRight(line, " \n")
		switch {
		case bytes.HasPrefix(line, []byte("Trace ")):
			pc, function, err := executed(line)
			if err != nil {
				return nil, tail, err
			}
			b := blocks[pc]
			if b == nil {
				return nil, tail, fmt.Errorf("QEMU's log has no translation of %s at %#x", function, pc)
			}
			if function != betweenSteps {
				b.runs++
				stretch += b.size
				continue
			}
			if stretch >= leastStep && seen <= step {
				// What comes first is the program's start.
				if seen++; seen > step {
					result = total(blocks)
				}
			}
			if stretch > 0 {
				for _, b := range blocks {
					b.runs = 0
				}
			}
			stretch = 0
		case bytes.HasPrefix(line, []byte("IN:")):
			translated = &block{function: string(bytes.TrimSpace(line[len("IN:"):]))}
		case bytes.HasPrefix(line, []byte("0x")) && translated != nil:
			if !continues(line) {
				if translated.size == 0 {
					pc, err := strconv.ParseUint(string(line[2:bytes.IndexByte(line, ':')]), 16, 64)
					if err != nil {
						return nil, tail, fmt.Errorf("QEMU's log has the line %q: %w", line, err)
					}
					blocks[pc] = translated
				}
				translated.size++
			}
		case len(line) == 0:
			translated = nil
		case !bytes.HasPrefix(line, []byte("----")):
			tail = slices.Clone(line)
		}
	}
	if result == nil {
		return nil, tail, errors.New("QEMU's log does not show as many training steps as there should be")
	}
	return result, tail, nil
}

// leastStep is less than a step has, and more than what is between steps.
const leastStep = 100_000

// executed returns the address of the block that a line of the log says was
// executed, and its function, which may be unknown.
func executed(line []byte) (pc uint64, function string, err error) {
	_, rest, _ := bytes.Cut(line, []byte("/"))
	address, rest, _ := bytes.Cut(rest, []byte("/"))
	for _, digit := range address {
		switch {
		case digit >= '0' && digit <= '9':
			pc = pc<<4 | uint64(digit-'0')
		case digit >= 'a' && digit <= 'f':
			pc = pc<<4 | uint64(digit-'a'+10)
		default:
			return 0, "", fmt.Errorf("QEMU's log has the line %q, without an address", line)
		}
	}
	if _, name, found := bytes.Cut(rest, []byte("] ")); found && string(name) == betweenSteps {
		return pc, betweenSteps, nil
	}
	return pc, "", nil
}

// continues reports whether a line of a listing has nothing but more bytes of
// the instruction on the line before it.
func continues(line []byte) bool {
	_, listing, _ := bytes.Cut(line, []byte(":"))
	for field := range bytes.FieldsSeq(listing) {
		if _, err := strconv.ParseUint(string(field), 16, 8); err != nil || len(field) != 2 {
			return false
		}
	}
	return true
}

func total(blocks map[uint64]*block) counts {
	c := counts{}
	for _, b := range blocks {
		if b.runs > 0 {
			c[b.function] += b.runs * b.size
		}
	}
	return c
}

// print prints the sum and the functions with the most instructions.
func (c counts) print(w io.Writer, t target, functions int) {
	sum := int64(0)
	for _, n := range c {
		sum += n
	}
	fmt.Fprintf(w, "\n%-8s %-6s %14d\n", t.name, t.arch, sum)
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
		return cmp.Or(cmp.Compare(c[b], c[a]), cmp.Compare(a, b))
	})
	for _, name := range names[:min(functions, len(names))] {
		fmt.Fprintf(w, "%30d %5.1f %%  %s\n", c[name], 100*float64(c[name])/float64(sum), name)
	}
}
