package sealed

import "testing"

func TestSealed(t *testing.T) {
	for _, object := range []string{`{"a":1}`, `{"a":{"crc":"b"}}`} {
		line := Line([]byte(object))
		if got, err := Open(line); err != nil || string(got) != object {
			t.Errorf("%s, sealed and opened, is %s, error %v", object, got, err)
		}
		for i := range line {
			for bit := range 8 {
				line[i] ^= 1 << bit
				// Where the mark itself is changed the line is one without a checksum, which its
				// reader knows not to be JSON of the kind it expects, or takes for an old one.
				if got, err := Open(line); err == nil && string(got) != string(line) {
					t.Errorf("%s opens as %s", line, got)
				}
				line[i] ^= 1 << bit
			}
		}
	}
	if got, err := Open([]byte(`{"a":1}`)); err != nil || string(got) != `{"a":1}` {
		t.Errorf("a line without a checksum is %s, error %v", got, err)
	}
}
