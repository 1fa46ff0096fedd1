// Package sealed gives the lines of a journal checksums: whoever reads one knows
// whether it is what was written.
package sealed

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
)

// seal is how a line ends: with the CRC-32 (IEEE) of what stands before its comma.
const seal = `,"crc":"%08x"}`

// Line returns an object in JSON, which has a field at least, with its checksum as the
// last field.
func Line(object []byte) []byte {
	content := bytes.TrimSuffix(object, []byte("}"))
	return fmt.Appendf(bytes.Clone(content), seal, crc32.ChecksumIEEE(content))
}

// Open returns the object of a line, without its checksum, or an error where it is
// not what was written. A line without a checksum, as journals of before 2026-11-29
// have, is returned as it is.
func Open(line []byte) (object []byte, err error) {
	at := bytes.LastIndex(line, []byte(`,"crc":"`))
	if at < 0 {
		return line, nil
	}
	content := line[:at]
	if string(line[at:]) != fmt.Sprintf(seal, crc32.ChecksumIEEE(content)) {
		return nil, errors.New("it is not what was written: its checksum is another")
	}
	return append(bytes.Clone(content), '}'), nil
}
