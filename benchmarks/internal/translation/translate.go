package translation

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/internal/bom"
	"autodropout/models"
	"autodropout/train"
	"autodropout/weights"
)

const (
	// longestLine is the length of the longest line that is translated, in bytes,
	// and longestSentence that of its sentence in parts of words.
	longestLine     = 1 << 20
	longestSentence = 1000
	// together is the number of sentences that are translated at a time.
	together = 256
)

// translate writes the translations of the sentences that the flags name, by the
// best model of a run, a line each.
func (s *subject) translate(ctx context.Context, asked cli.Run, stdout, stderr io.Writer) error {
	sentences, err := s.sentences()
	if err != nil {
		return err
	}
	path, err := experiment.Weights(asked, s.About(), experiment.Keys(s.Rows(s.Table())), better, stderr)
	if err != nil {
		return err
	}
	model, err := models.NewTransformer(s.network(experiment.Final, 0))
	if err != nil {
		return err
	}
	if _, err := weights.Load(path, model.Params(), weights.Options{}); err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	for len(sentences) > 0 {
		n := min(together, len(sentences))
		if err := s.translateLines(ctx, model, sentences[:n], out); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return fmt.Errorf("cannot write translations: %w", err)
		}
		sentences = sentences[n:]
	}
	return nil
}

// translateLines writes the translations of some sentences. That of an empty one is
// empty.
func (s *subject) translateLines(ctx context.Context, model *models.Transformer, sentences [][]int32, out io.Writer) error {
	var sources [][]int32
	for _, sentence := range sentences {
		if len(sentence) > 0 {
			sources = append(sources, sentence)
		}
	}
	found, err := train.Translate(ctx, model, sources, s.search(), s.Tokens)
	if err != nil {
		return err
	}
	tokens := s.tokens(found)
	for _, sentence := range sentences {
		line := ""
		if len(sentence) > 0 {
			line, tokens = s.corpus.Text(tokens[0]), tokens[1:]
		}
		fmt.Fprintln(out, line)
	}
	return nil
}

// sentences reads all that is to be translated, so that nothing is translated
// where something is wrong.
func (s *subject) sentences() (sentences [][]int32, err error) {
	in, name := io.Reader(strings.NewReader(s.sentence)), "the sentence"
	switch s.sentencesFile {
	case "":
	case "-":
		in, name = os.Stdin, "the standard input"
	default:
		name = s.sentencesFile
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("cannot read what is to be translated: %w", err)
		}
		defer file.Close()
		in = file
	}
	lines := bufio.NewScanner(bom.NewReader(in))
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		ids, err := s.corpus.Encode(lines.Text())
		number := len(sentences) + 1
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d of %s cannot be translated: %w", number, name, err)
		case len(ids) > longestSentence:
			return nil, fmt.Errorf("line %d of %s has %d words or parts of words, more than the %d that are translated at once: cut it into sentences, one on a line", number, name, len(ids), longestSentence)
		}
		sentences = append(sentences, ids)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d of %s is longer than %d bytes: cut it into sentences, one on a line", len(sentences)+1, name, longestLine)
	} else if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	if len(sentences) == 0 {
		return nil, fmt.Errorf("%s is empty: there is nothing to translate", name)
	}
	return sentences, nil
}
