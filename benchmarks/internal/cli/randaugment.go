package cli

import (
	"flag"
	"fmt"
	"strconv"
	"strings"

	"autodropout/data/imaging"
)

// RandAugment declares a flag for a setting of RandAugment: none, authors, paper,
// or two numbers. What paper stands for depends on the data.
func RandAugment(fs *flag.FlagSet, p *imaging.RandAugment, name string, paper imaging.RandAugment, usage string) {
	fs.Var(&randAugment{p, paper}, name, usage+": none, authors (the setting in the code of AutoDropout's first author), paper (RandAugment's), or `N,M` for N operations of magnitude M")
}

type randAugment struct {
	value *imaging.RandAugment
	paper imaging.RandAugment
}

func (r *randAugment) String() string {
	if r.value == nil || r.value.Operations == 0 {
		return "none"
	}
	return fmt.Sprintf("%d,%g", r.value.Operations, r.value.Magnitude)
}

func (r *randAugment) Set(s string) error {
	switch s {
	case "none":
		*r.value = imaging.RandAugment{}
		return nil
	case "authors":
		*r.value = imaging.AuthorsRandAugment
		return nil
	case "paper":
		*r.value = r.paper
		return nil
	}
	operations, magnitude, _ := strings.Cut(s, ",")
	n, err := strconv.Atoi(operations)
	if err == nil && n >= 1 {
		var m float64
		if m, err = strconv.ParseFloat(magnitude, 64); err == nil && m >= 0 && m <= 30 {
			*r.value = imaging.RandAugment{Operations: n, Magnitude: m}
			return nil
		}
	}
	return fmt.Errorf("choose none, authors, paper, or a number of operations from 1 and a magnitude from 0 to 30, such as 2,9")
}

// Get implements flag.Getter.
func (r *randAugment) Get() any { return r.String() }
