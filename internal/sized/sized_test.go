package sized

import (
	"errors"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, size := range []int64{0, math.MaxInt32, math.MaxInt} {
		if err := Check(size); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if err := Check(1 << 31); bits.UintSize == 32 && (err == nil || !strings.Contains(err.Error(), "32 bits")) {
		t.Errorf("1 << 31 bytes: %v", err)
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	size := func(_ *os.File, size int64) (int64, error) { return size, nil }
	if _, err := ReadFile(path, size); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := ReadFile(path, size); n != 5 || err != nil {
		t.Errorf("size %d, %v", n, err)
	}
	bad := errors.New("it is bad")
	n, err := ReadFile(path, func(*os.File, int64) (int, error) { return 3, bad })
	if n != 0 || !errors.Is(err, bad) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("a bad file gives %d, %v", n, err)
	}
}
