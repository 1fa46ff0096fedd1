package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/dropout"
	"autodropout/internal/seed"
)

// TestAnswer: a pattern and the choices that say the same are worth the same.
func TestAnswer(t *testing.T) {
	space := dropout.ConvSpace([]int{1, 1})
	s := &surrogate{space: space, weight: make([]float64, 19), noise: 0.1}
	for i := range s.weight {
		s.weight[i] = float64(i%5) - 2
	}
	point := []int{3, 2, 1, 0, 1, 2, 1, 0, 5, 4, 3, 2, 1, 0, 0, 1}
	pattern, err := dropout.DecodeConv(space, point)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var groups []map[string]float64
	for g := range 2 {
		group := map[string]float64{}
		for i, c := range space.Choices {
			group[c.Name] = c.Values[point[g*len(space.Choices)+i]]
		}
		groups = append(groups, group)
	}
	text, err := json.Marshal(map[string]any{"version": 1, "groups": groups})
	if err != nil {
		t.Fatal(err)
	}
	asPattern, asChoices := filepath.Join(dir, "pattern.json"), filepath.Join(dir, "choices.json")
	if err := pattern.Save(asPattern); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(asChoices, text, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"AUTODROPOUT_PATTERN": asPattern, "AUTODROPOUT_CHOICES": asChoices} {
		environment := map[string]string{name: path, "AUTODROPOUT_SEED": "7"}
		var out strings.Builder
		if err := s.answer(&out, func(name string) string { return environment[name] }); err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Reward float64
			Values map[string]float64
		}
		if err := json.Unmarshal([]byte(out.String()), &answer); err != nil {
			t.Fatal(err)
		}
		luck := 0.1 * seed.New(7, "surrogate").NormFloat64()
		if answer.Values["worth"] != s.at(point) || answer.Reward != s.at(point)+luck {
			t.Errorf("%s: %+v, want %g and luck of %g", name, answer, s.at(point), luck)
		}
	}
	file := filepath.Join(dir, "surrogate.json")
	if err := s.save(file); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AUTODROPOUT_PATTERN", asPattern)
	t.Setenv("AUTODROPOUT_SEED", "7")
	var saved, direct strings.Builder
	if err := answerFrom(file, &saved); err != nil {
		t.Fatal(err)
	}
	if err := s.answer(&direct, os.Getenv); err != nil || saved.String() != direct.String() {
		t.Errorf("saved it answers %s, not %s (%v)", saved.String(), direct.String(), err)
	}
	if err := answerFrom(asChoices, &saved); err == nil || !strings.Contains(err.Error(), "-save") {
		t.Errorf("from another file: %v", err)
	}
	if err := s.answer(&strings.Builder{}, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "AUTODROPOUT_SEED") {
		t.Errorf("without a seed: %v", err)
	}
	if err := os.WriteFile(asChoices, []byte(`{"groups": [{"size": 0.3}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.choicesIn(asChoices); err == nil || !strings.Contains(err.Error(), "0.3 of size") {
		t.Errorf("a value off the grid: %v", err)
	}
}
