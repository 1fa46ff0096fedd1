package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
)

// checksumKey is the metadata with the CRC-32C of the whole file in eight
// hexadecimal digits. It is taken while these digits are those of noChecksum. The
// name is ours, as that of other programs may mean another checksum.
const (
	checksumKey = "autodropout.crc32c"
	noChecksum  = "00000000"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// setChecksum writes the checksum into a header that has a place for it. Quotes
// inside strings are escaped, so the place cannot be mistaken.
func setChecksum(header []byte, digits string) {
	before := []byte(`"` + checksumKey + `":"`)
	if at := bytes.Index(header, before); at >= 0 {
		copy(header[at+len(before):], digits)
	}
}

// verifier computes the checksum of a file that is read.
type verifier struct {
	hash.Hash32
	want string // "": the file has none
}

// newVerifier takes the checksum out of the metadata of f, whose header it
// changes.
func newVerifier(prefix, header []byte, f *File) verifier {
	v := verifier{crc32.New(castagnoli), f.Metadata[checksumKey]}
	delete(f.Metadata, checksumKey)
	if len(f.Metadata) == 0 {
		f.Metadata = nil
	}
	if v.want != "" {
		setChecksum(header, noChecksum)
		v.Write(prefix)
		v.Write(header)
	}
	return v
}

func (v verifier) check() error {
	if v.want != "" && v.want != fmt.Sprintf("%08x", v.Sum32()) {
		return errors.New("the checksum is wrong: the file is damaged, or a program that does not know of the checksum has changed it and kept its metadata")
	}
	return nil
}
