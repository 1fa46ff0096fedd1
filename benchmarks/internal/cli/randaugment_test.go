package cli

import (
	"flag"
	"io"
	"testing"

	"autodropout/data/imaging"
)

func TestRandAugment(t *testing.T) {
	for text, want := range map[string]imaging.RandAugment{
		"none": {}, "authors": {Operations: 2, Magnitude: 17}, "paper": {Operations: 2, Magnitude: 9}, "3,5": {Operations: 3, Magnitude: 5}, "1,0.5": {Operations: 1, Magnitude: 0.5},
	} {
		got := imaging.RandAugment{Operations: 4, Magnitude: 4}
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		RandAugment(fs, &got, "vary", imaging.RandAugment{Operations: 2, Magnitude: 9}, "how")
		if err := fs.Parse([]string{"-vary", text}); err != nil || got != want {
			t.Errorf("%s means %+v, want %+v (error %v)", text, got, want, err)
		}
		// What a run writes down means the same.
		written := fs.Lookup("vary").Value.(flag.Getter).Get().(string)
		got = imaging.RandAugment{}
		if err := fs.Parse([]string{"-vary", written}); err != nil || got != want {
			t.Errorf("%s is written as %s, which means %+v (error %v)", text, written, got, err)
		}
	}
	for _, text := range []string{"", "two", "2", "2,", "0,5", "-1,5", "2,-1", "2,31", "2,NaN", "2,9,1"} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		RandAugment(fs, new(imaging.RandAugment), "vary", imaging.RandAugment{}, "how")
		if fs.Parse([]string{"-vary", text}) == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
