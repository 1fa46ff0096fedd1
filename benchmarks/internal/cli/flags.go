package cli

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"autodropout/benchmarks/internal/words"
)

// Choice declares a flag that takes one of a few words.
func Choice(fs *flag.FlagSet, p *string, name string, words []string, usage string) {
	fs.Var(&choice{p, words}, name, usage)
}

type choice struct {
	value *string
	words []string
}

func (c *choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("choose %s%s", words.Or(c.words), meant("", s, c.words))
	}
	*c.value = s
	return nil
}

// Get implements flag.Getter.
func (c *choice) Get() any { return *c.value }

func (c *choice) choices() []string { return c.words }

// Text declares a flag that takes a text with something in it.
func Text(fs *flag.FlagSet, p *string, name, usage string) { fs.Var((*text)(p), name, usage) }

type text string

func (t *text) String() string { return string(*t) }

func (t *text) Set(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("it is empty")
	}
	*t = text(s)
	return nil
}

// Get implements flag.Getter.
func (t *text) Get() any { return string(*t) }

// List declares a flag that takes some of a few words, with commas between
// them.
func List(fs *flag.FlagSet, p *[]string, name string, words []string, usage string) {
	fs.Var(&list{p, words}, name, usage)
}

type list struct {
	values *[]string
	words  []string
}

func (l *list) String() string {
	if l.values == nil {
		return ""
	}
	return strings.Join(*l.values, ",")
}

func (l *list) Set(s string) error {
	values := strings.Split(s, ",")
	for i, v := range values {
		switch {
		case !slices.Contains(l.words, v):
			return fmt.Errorf("%q is none of %s%s", v, strings.Join(l.words, ", "), meant("", v, l.words))
		case slices.Contains(values[:i], v):
			return fmt.Errorf("%q is named twice", v)
		}
	}
	*l.values = values
	return nil
}

// Get implements flag.Getter.
func (l *list) Get() any { return *l.values }

func (l *list) choices() []string { return l.words }

// largest is the largest whole number of a flag. What is computed from two of them
// does not overflow.
const largest = 1_000_000_000

// Whole declares a flag that takes a whole number of at least low.
func Whole(fs *flag.FlagSet, p *int, name string, low int, usage string) {
	fs.Var(&whole{p, low}, name, usage)
}

type whole struct {
	value *int
	low   int
}

func (w *whole) String() string {
	if w.value == nil {
		return "0"
	}
	return fmt.Sprint(*w.value)
}

func (w *whole) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < w.low {
		return fmt.Errorf("it takes a whole number of at least %d", w.low)
	}
	if n > largest {
		return fmt.Errorf("it takes a whole number of at most %d", largest)
	}
	*w.value = n
	return nil
}

// Get implements flag.Getter.
func (w *whole) Get() any { return *w.value }

// Span declares a flag that takes a time above 0.
func Span(fs *flag.FlagSet, p *time.Duration, name, usage string) { fs.Var((*span)(p), name, usage) }

type span time.Duration

func (s *span) String() string { return time.Duration(*s).String() }

func (s *span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("it takes a time above 0, such as 90s or 10m")
	}
	*s = span(d)
	return nil
}

// Get implements flag.Getter.
func (s *span) Get() any { return time.Duration(*s).String() }

// Wholes declares a flag that takes whole numbers of at least low, with commas
// between them.
func Wholes(fs *flag.FlagSet, p *[]int, name string, low int, usage string) {
	fs.Var(&wholes{p, low}, name, usage)
}

type wholes struct {
	values *[]int
	low    int
}

func (w *wholes) String() string {
	if w.values == nil {
		return ""
	}
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(*w.values)), ","), "[]")
}

func (w *wholes) Set(s string) error {
	var values []int
	for part := range strings.SplitSeq(s, ",") {
		if s == "" {
			break
		}
		n := 0
		if err := (&whole{&n, w.low}).Set(part); err != nil {
			return err
		}
		values = append(values, n)
	}
	*w.values = values
	return nil
}

// Get implements flag.Getter.
func (w *wholes) Get() any { return append([]int{}, *w.values...) }

// Above0 declares a flag that takes a number above 0.
func Above0(fs *flag.FlagSet, p *float64, name, usage string) {
	fs.Var(&number{p, "above 0", func(v float64) bool { return v > 0 }}, name, usage)
}

// NotNegative declares a flag that takes a number of at least 0.
func NotNegative(fs *flag.FlagSet, p *float64, name, usage string) {
	fs.Var(&number{p, "of at least 0", func(v float64) bool { return v >= 0 }}, name, usage)
}

// Share declares a flag that takes a number of at least 0 and below 1.
func Share(fs *flag.FlagSet, p *float64, name, usage string) {
	fs.Var(&number{p, "of at least 0 and below 1", func(v float64) bool { return v >= 0 && v < 1 }}, name, usage)
}

// number is the value of a flag in a range.
type number struct {
	value *float64
	which string
	has   func(v float64) bool
}

func (n *number) String() string {
	if n.value == nil {
		return "0"
	}
	return strconv.FormatFloat(*n.value, 'g', -1, 64)
}

func (n *number) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !n.has(v) {
		return fmt.Errorf("it takes a number %s", n.which)
	}
	*n.value = v
	return nil
}

// Get implements flag.Getter.
func (n *number) Get() any { return *n.value }
