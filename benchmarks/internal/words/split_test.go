package words

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		`python train.py --lr 0.1`:    {"python", "train.py", "--lr", "0.1"},
		"  a\t'b c'  \"d e\"\n":       {"a", "b c", "d e"},
		`a'b c'd "" '$HOME *' C:\x\y`: {"ab cd", "", "$HOME *", `C:\x\y`},
		`"a \"b\" \\ \n" 'it"s' \'`:   {`a "b" \ \n`, `it"s`, "'"},
	} {
		if got, err := Split(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is cut into %q, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "  ", `a "b`, `a 'b`, `a "b\"`} {
		if got, err := Split(line); err == nil {
			t.Errorf("%q is cut into %q", line, got)
		}
	}
}

func TestCommandIsSplit(t *testing.T) {
	for _, words := range [][]string{
		{"a", "b c", "", `d"e`, "f'g", `h"i'j \ k`, `\`, `C:\x y\`, "new\nline", `'"\`, "ä ö"},
		{"python", "-c", `print('{"reward": 1}')`},
	} {
		line := Command(words...)
		if got, err := Split(line); err != nil || !slices.Equal(got, words) {
			t.Errorf("%q becomes %s and then %q, %v", words, line, got, err)
		}
	}
}

// FuzzSplit: what is cut can be written so that it is cut the same way.
func FuzzSplit(f *testing.F) {
	f.Add(`a "b\" c" 'd'`)
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Split(line)
		if err != nil {
			return
		}
		again, err := Split(Command(words...))
		if err != nil || !slices.Equal(again, words) {
			t.Errorf("%q becomes %q and then %q, %v", line, words, again, err)
		}
		if strings.Contains(line, " ") && len(words) > len(line) {
			t.Errorf("%q has %d words", line, len(words))
		}
	})
}
