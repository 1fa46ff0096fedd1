package torchfile

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// long is a whole number that no int holds, in decimal digits.
type long string

// value pushes a number or a text.
func (m *machine) value(op byte) error {
	switch op {
	case 'I', 'L', 'F', 'S', 'V':
		return m.textual(op)
	case 'K', 'M', 'J', 0x8a, 0x8b:
		return m.integer(op)
	case 'G':
		raw, err := m.take(8)
		if err != nil {
			return err
		}
		return m.push(math.Float64frombits(binary.BigEndian.Uint64(raw)))
	case 'X', 'T', 'B', 0x8c, 'U', 'C', 0x8d, 0x8e, 0x96:
		width := map[byte]int{'X': 4, 'T': 4, 'B': 4, 0x8c: 1, 'U': 1, 'C': 1, 0x8d: 8, 0x8e: 8, 0x96: 8}[op]
		n, err := m.unsigned(width)
		if err != nil {
			return err
		}
		raw, err := m.take(n)
		if err != nil {
			return err
		}
		if err := m.budget.Keep(int64(n)); err != nil {
			return err
		}
		return m.push(string(raw))
	}
	return fmt.Errorf("it has the pickle operation %#x, which torch.save does not write", op)
}

// integer pushes a whole number.
func (m *machine) integer(op byte) error {
	width := map[byte]int{'K': 1, 'M': 2, 'J': 4}[op]
	if width == 0 {
		var err error
		if width, err = m.unsigned(map[byte]int{0x8a: 1, 0x8b: 4}[op]); err != nil {
			return err
		}
	}
	raw, err := m.take(width)
	if err != nil {
		return err
	}
	if op == 'K' || op == 'M' || len(raw) == 0 || raw[len(raw)-1] < 0x80 {
		return m.push(whole(raw, false))
	}
	return m.push(whole(raw, true))
}

// whole decodes a little-endian number, which is negative in two's complement or
// not.
func whole(raw []byte, negative bool) any {
	if len(raw) <= 8 {
		var word [8]byte
		if negative {
			word = [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		}
		copy(word[:], raw)
		u := binary.LittleEndian.Uint64(word[:])
		if v := int64(u); int64(int(v)) == v && (negative || v >= 0) {
			return int(v)
		}
		return long(strconv.FormatUint(u, 10))
	}
	const most = 64 // bytes: conversions take the square of them
	if len(raw) > most || negative {
		return long("")
	}
	bytes := slices.Clone(raw)
	slices.Reverse(bytes)
	return long(new(big.Int).SetBytes(bytes).String())
}

// textual pushes a number or a text in the form of protocol 0.
func (m *machine) textual(op byte) error {
	text, err := m.line()
	if err != nil {
		return err
	}
	switch op {
	case 'I':
		if text == "00" || text == "01" {
			return m.push(text == "01")
		}
	case 'L':
		text = strings.TrimSuffix(text, "L")
	case 'F':
		v, err := strconv.ParseFloat(text, 64)
		if err != nil && v == 0 { // 1e999 is infinite
			return fmt.Errorf("its pickle has the number %.40q", text)
		}
		return m.push(v)
	case 'S':
		return m.push(unquoted(text))
	case 'V':
		return m.push(unescaped(latin1(text), "uU\\"))
	}
	if n, err := strconv.Atoi(text); err == nil {
		return m.push(n)
	}
	if strings.Trim(text, "-0123456789") != "" {
		return fmt.Errorf("its pickle has the number %.40q", text)
	}
	return m.push(long(text))
}

// latin1 returns the text whose characters are bytes.
func latin1(bytes string) string {
	runes := make([]rune, len(bytes))
	for i := range runes {
		runes[i] = rune(bytes[i])
	}
	return string(runes)
}

// decimal parses the number of a stored object.
func decimal(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("its pickle has the number %.40q", text)
	}
	return n, nil
}

// unquoted returns the text of a string as Python writes it.
func unquoted(text string) string {
	if len(text) < 2 || text[0] != text[len(text)-1] {
		return text
	}
	return unescaped(text[1:len(text)-1], "xnrtuU\\'\"")
}

// unescaped replaces the escapes of some kinds.
func unescaped(text, kinds string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) || !strings.ContainsRune(kinds, rune(text[i+1])) {
			b.WriteByte(text[i])
			continue
		}
		i++
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]
		if digits == 0 {
			b.WriteByte(cmp.Or(map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}[text[i]], text[i]))
			continue
		}
		code, err := strconv.ParseUint(text[i+1:min(i+1+digits, len(text))], 16, 32)
		if err != nil {
			b.WriteString(`\` + text[i:i+1])
			continue
		}
		b.WriteRune(rune(code))
		i += digits
	}
	return b.String()
}
