package tensorboard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// clock stands still, at 1.5 seconds.
func clock() time.Time { return time.Unix(1, 5e8) }

// The bytes are those that TensorBoard 2.21's own Python classes make: a file
// version, the start of a session at step 300, and a loss of 0.25 there.
const (
	versionRecord = "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
	startEvent    = "09000000000000f83f10ac023a020801"
	lossRecord    = "1b000000000000001a0d9e1309000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e9908deed"
)

func TestKnownBytes(t *testing.T) {
	var b bytes.Buffer
	w, err := newWriter(&b, 300, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Scalar(300, "loss", 0.25); err != nil {
		t.Fatal(err)
	}
	start, err := hex.DecodeString(startEvent)
	if err != nil {
		t.Fatal(err)
	}
	want := versionRecord + hex.EncodeToString(record(start)) + lossRecord
	if got := hex.EncodeToString(b.Bytes()); got != want {
		t.Errorf("the file is\n%s\nwant\n%s", got, want)
	}
}

func TestChecksum(t *testing.T) {
	// CRC-32C of these digits is e3069283 in every list of check values.
	if got := maskedCRC([]byte("123456789")); got != 0xc78ab0e5 {
		t.Errorf("the masked checksum is %x", got)
	}
}

// read returns the data of the records of a file.
func read(t *testing.T, text []byte) (records [][]byte) {
	t.Helper()
	for len(text) > 0 {
		n := binary.LittleEndian.Uint64(text)
		if binary.LittleEndian.Uint32(text[8:]) != maskedCRC(text[:8]) || binary.LittleEndian.Uint32(text[12+n:]) != maskedCRC(text[12:12+n]) {
			t.Fatal("a checksum is wrong")
		}
		records = append(records, text[12:12+n])
		text = text[16+n:]
	}
	return records
}

func TestFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "events", "run")
	img := image.NewGray(image.Rect(0, 0, 5, 3))
	img.SetGray(4, 2, color.Gray{200})
	for session := range 2 {
		f, err := Create(folder, 7*session)
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(f.Scalar(1, "loss", 2), f.Image(1<<30, "pattern", img), f.Close())
		if err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 || !strings.Contains(entries[0].Name(), "tfevents") {
		t.Fatalf("the folder has %v, error %v", entries, err)
	}
	for session, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		records := read(t, text)
		if len(records) != 4 { // the version, the start, and two more
			t.Fatalf("session %d has %d records", session, len(records))
		}
		last := records[len(records)-1]
		if !bytes.Contains(last, []byte{fieldHeight<<3 | wireVarint, 3, fieldWidth<<3 | wireVarint, 5}) {
			t.Errorf("the picture's event %x does not have its size", last)
		}
		back, err := png.Decode(bytes.NewReader(last[bytes.Index(last, []byte("\x89PNG")):]))
		if err != nil || !slices.Equal(back.(*image.Gray).Pix, img.Pix) {
			t.Errorf("the picture reads back as %v, error %v", back, err)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestErrors(t *testing.T) {
	if _, err := NewWriter(broken{}, 0); err == nil {
		t.Error("no error from a file that cannot be written")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(file, 0); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a file in the place of the folder: error %v", err)
	}
}
