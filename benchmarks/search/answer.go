package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"autodropout/dropout"
	"autodropout/internal/atomicfile"
	"autodropout/internal/seed"
)

// fitted is the file of a surrogate.
type fitted struct {
	Space  dropout.Space `json:"space"`
	Weight []float64     `json:"weight"`
	Noise  float64       `json:"noise"`
}

// save keeps what answers in a file.
func (s *surrogate) save(path string) error {
	text, err := json.Marshal(fitted{s.space, s.weight, s.noise})
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, text)
}

// answerFrom answers from a surrogate that was saved.
func answerFrom(path string, out io.Writer) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var f fitted
	if err := json.Unmarshal(text, &f); err != nil {
		return fmt.Errorf("%s has no surrogate: %w", path, err)
	}
	s := &surrogate{space: f.Space, weight: f.Weight, noise: f.Noise}
	none, err := dropout.DecodeConv(s.space, make([]int, s.space.Decisions()))
	if err != nil || len(features(none)) != len(s.weight) {
		return fmt.Errorf("%s has no surrogate of this program: write it again with -save", path)
	}
	return s.answer(out, os.Getenv)
}

// answer is the program of a trial, by the external protocol, doc/external-protocol.md: it
// answers what a training would reach with the pattern, or the choices, that the
// environment names, and in the value worth the same without luck.
func (s *surrogate) answer(out io.Writer, environment func(name string) string) error {
	point := make([]int, s.space.Decisions())
	var err error
	if path := environment("AUTODROPOUT_PATTERN"); path != "" {
		point, err = s.patternIn(path)
	} else if path := environment("AUTODROPOUT_CHOICES"); path != "" {
		point, err = s.choicesIn(path)
	}
	if err != nil {
		return err
	}
	luck, err := strconv.ParseUint(environment("AUTODROPOUT_SEED"), 10, 64)
	if err != nil {
		return fmt.Errorf("AUTODROPOUT_SEED is %q, which is no seed: start this program by benchmarks/external", environment("AUTODROPOUT_SEED"))
	}
	worth := s.at(point)
	return json.NewEncoder(out).Encode(map[string]any{
		"reward": worth + s.noise*seed.New(luck, "surrogate").NormFloat64(),
		"values": map[string]float64{"worth": worth},
	})
}

func (s *surrogate) patternIn(path string) ([]int, error) {
	loaded, err := dropout.LoadPattern(path)
	if err != nil {
		return nil, err
	}
	pattern, ok := loaded.(*dropout.ConvPattern)
	if !ok {
		return nil, errors.New("the surrogate is one of a ConvNet: give -space convnet")
	}
	return dropout.EncodeConv(s.space, pattern)
}

// choicesIn reads choices of the space that printSpace prints.
func (s *surrogate) choicesIn(path string) (point []int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Groups []map[string]float64 `json:"groups"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, group := range file.Groups {
		for _, c := range s.space.Choices {
			value, ok := group[c.Name]
			at := slices.Index(c.Values, value)
			if !ok || at < 0 {
				return nil, fmt.Errorf("%s has the value %g of %s, which the space does not have", path, value, c.Name)
			}
			point = append(point, at)
		}
	}
	return point, s.space.Check(point)
}

// printSpace prints the space of patterns as one of choices.
func (s *surrogate) printSpace(out io.Writer) error {
	return json.NewEncoder(out).Encode(map[string]any{"version": 1, "name": "blocks", "groups": s.space.Groups, "tokens": s.space.Choices})
}
