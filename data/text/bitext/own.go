package bitext

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/data/text"
)

// TextsConfig says how a user's own texts are prepared. The folder has files whose names
// begin with train, valid (or val, or dev) and test, and end with a language. More may
// stand between, as in train.lc.norm.tok.de.
type TextsConfig struct {
	Source, Target text.Language
	Style          Style
	// Test is the name of the test text, such as test_2016_flickr; "" is the only
	// one whose name begins with test. Texts that are prepared already, and the
	// original archives, have one that cannot be chosen.
	Test string
	// Merges is the number of merges of the joint encoding, and Longest the number
	// of tokens of the longest training sentences.
	Merges, Longest int
}

// TextsLikeIWSLT14 returns how texts of one's own are prepared as those of
// [PrepareIWSLT14] are.
func TextsLikeIWSLT14() TextsConfig { return iwslt14.texts() }

// TextsLikeWMT14 returns how texts of one's own are prepared as those of
// [PrepareWMT14] are.
func TextsLikeWMT14() TextsConfig { return wmt14.texts() }

func (r *recipe) texts() TextsConfig {
	return TextsConfig{Source: r.Source, Target: r.Target, Style: r.Style, Merges: r.merges, Longest: r.filter.Max}
}

// ownTexts are the files of a training, a validation and a test text.
type ownTexts struct{ train, valid, test [2]string }

// files lists all files.
func (t *ownTexts) files() []string {
	var files []string
	for _, pair := range [][2]string{t.train, t.valid, t.test} {
		files = append(files, pair[:]...)
	}
	return files
}

// errNoTexts says that a folder has nothing that looks like a training text.
var errNoTexts = errors.New("no texts")

// find looks for the texts in a folder.
func (c *TextsConfig) find(dir string) (t ownTexts, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return t, err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "train.") }) {
		return t, errNoTexts
	}
	test := func(stem string) bool { return stem == c.Test || c.Test == "" && strings.HasPrefix(stem, "test") }
	for _, part := range []struct {
		files *[2]string
		what  string
		is    func(stem string) bool
	}{
		{&t.train, "train", func(stem string) bool { return stem == "train" }},
		{&t.valid, "valid", func(stem string) bool { return stem == "valid" || stem == "val" || stem == "dev" }},
		{&t.test, cmp.Or(c.Test, "test"), test},
	} {
		for i, l := range []text.Language{c.Source, c.Target} {
			name, err := only(names, l, part.what, part.is)
			if err != nil {
				return t, fmt.Errorf("it %w", err)
			}
			part.files[i] = filepath.Join(dir, name)
		}
	}
	return t, nil
}

// only returns the one name of a text in a language. The stem of a name ends
// before its first period.
func only(names []string, l text.Language, what string, is func(stem string) bool) (string, error) {
	var found []string
	for _, name := range names {
		stem, rest, _ := strings.Cut(name, ".")
		if is(stem) && strings.HasSuffix("."+rest, "."+string(l)) {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("has no text %s in the language %s, such as %[1]s.%[2]s: there must be train, valid and test in both languages", what, l)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("has more than one text %s in the language %s (%s): a test text can be chosen by its name, other texts must be the only ones", what, l, strings.Join(found, ", "))
}

// PrepareTexts prepares a user's own texts, which are in a folder, for training in the new
// folder dir: cut into tokens, and with a joint encoding and a joint vocabulary that are
// learned from the training text. Training pairs with an empty side, a side of more than
// Longest tokens or 65,535 parts of words, or text that is not UTF-8 are skipped, see
// [Prepared].Skipped. Validation and test texts keep all pairs; text that is not UTF-8 is
// an error there. Files are those of [PrepareWMT14].
func PrepareTexts(ctx context.Context, folder string, cfg TextsConfig, dir string) (Prepared, error) {
	t, err := cfg.find(folder)
	if err != nil {
		return Prepared{}, fmt.Errorf("bitext: cannot prepare %s: %w", folder, err)
	}
	return t.prepare(ctx, folder, &cfg, dir)
}

// nameOf names the texts in a folder for people, by the last two parts of its path:
// multi30k/raw.
func nameOf(folder string) string {
	if path, err := filepath.Abs(folder); err == nil {
		folder = path
	}
	return path.Join(filepath.Base(filepath.Dir(folder)), filepath.Base(folder))
}

func (t *ownTexts) prepare(ctx context.Context, folder string, cfg *TextsConfig, dir string) (Prepared, error) {
	r := recipe{
		About:  About{Name: nameOf(folder), Source: cfg.Source, Target: cfg.Target, Style: cfg.Style, Joint: true},
		train:  []origin{{entries: t.train}},
		valid:  []origin{{entries: t.valid}},
		test:   []origin{{entries: t.test}},
		keep:   all,
		filter: Filter{Min: 1, Max: cfg.Longest},
		merges: cfg.Merges,
	}
	r.keepTest = r.keep
	return r.prepare(ctx, dir)
}
