package words

import "testing"

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Duration(0.0241), "24ms"}, {Duration(4.26), "4.3s"}, {Duration(59.7), "1m0s"}, {Duration(200), "3m20s"}, {Duration(18601), "5h10m"}, {Duration(412 * 86400), "412 days"},
		{Speed(0.526, "img"), "0.53 img/s"}, {Speed(812.4, "img"), "812 img/s"},
		{Memory(0), "unknown"}, {Memory(312_000_000), "312 MB"}, {Memory(4_250_000_000), "4.2 GB"},
		{Count(1, "search", "searches"), "1 search"}, {Count(2, "search", "searches"), "2 searches"},
		{And(nil), ""}, {And([]string{"a"}), "a"}, {And([]string{"a", "b", "c"}), "a, b and c"}, {Or([]string{"a", "b"}), "a or b"},
		{Command("go", "run", "-out", "runs/a-1,b=ä"), "go run -out runs/a-1,b=ä"}, {Command("a b", "", "it's", "$x", "~"), `'a b' '' 'it'\''s' '$x' '~'`},
		{Capital("ab"), "Ab"}, {Capital(""), ""}, {Wrap("äé bb  ccc\nd", 5), "äé bb\nccc d"}, {Wrap("aaa 20 % b", 6), "aaa\n20 % b"}, {Wrap("a 3 ± 12 b", 6), "a\n3 ± 12\nb"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
