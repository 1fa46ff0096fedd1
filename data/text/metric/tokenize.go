package metric

import "strings"

var unescape13a = []*strings.Replacer{
	strings.NewReplacer("<skipped>", ""),
	strings.NewReplacer("-\n", ""),
	strings.NewReplacer("\n", " "),
	strings.NewReplacer("&quot;", `"`),
	strings.NewReplacer("&amp;", "&"),
	strings.NewReplacer("&lt;", "<"),
	strings.NewReplacer("&gt;", ">"),
}

// tokenize13a puts spaces around tokens as the script mteval-v13a of NIST does,
// in the words of its documentation: punctuation of ASCII stands alone, a period
// or comma does unless digits surround it, and a dash does after a digit.
func tokenize13a(line string) string {
	for _, r := range unescape13a {
		line = r.Replace(line)
	}
	var alone strings.Builder
	for _, r := range " " + line + " " {
		if r < 0x80 && strings.ContainsRune(" !\"#$%&()*+/:;<=>?@[\\]^_`{|}~", r) {
			alone.WriteString(" " + string(r) + " ")
		} else {
			alone.WriteRune(r)
		}
	}
	line = pairs(alone.String(), func(a, b byte) bool { return !digit(a) && mark(b) }, "", " ", " ")
	line = pairs(line, func(a, b byte) bool { return mark(a) && !digit(b) }, " ", " ", "")
	return pairs(line, func(a, b byte) bool { return digit(a) && b == '-' }, "", " ", " ")
}

// pairs looks at pairs of bytes from left to right, no byte being in two pairs
// that match, and puts strings before, between and after the bytes of one that
// does. One of the bytes must be of ASCII, so that no letter is torn.
func pairs(s string, match func(a, b byte) bool, before, between, after string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if i+1 == len(s) || !match(s[i], s[i+1]) {
			out.WriteByte(s[i])
			continue
		}
		out.WriteString(before)
		out.WriteByte(s[i])
		out.WriteString(between)
		out.WriteByte(s[i+1])
		out.WriteString(after)
		i++
	}
	return out.String()
}

func digit(b byte) bool { return '0' <= b && b <= '9' }
func mark(b byte) bool  { return b == '.' || b == ',' }
