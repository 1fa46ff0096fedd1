//go:build !race

package weights_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"autodropout/weights"
)

// limit is how much memory a process may have that reads the files below, of at
// most some megabytes.
const limit = 512 << 20

// TestHostileFilesUnderALimit reads files that ask for gigabytes in a process that
// dies when it takes more than the limit.
func TestHostileFilesUnderALimit(t *testing.T) {
	const folder = "AUTODROPOUT_HOSTILE"
	if dir := os.Getenv(folder); dir != "" {
		if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%v, %v", files, err)
		}
		for _, path := range files {
			arrays, left, err := weights.ReadAll(path)
			fmt.Printf("%s: %d arrays, %d left out, %v\n", filepath.Base(path), len(arrays), len(left), err)
		}
		return
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"overlapping.pth": overlapping(t, 3000),
		"zeros.npz":       zeros(t, 60),
		"expanded.pth":    expanded(t, 1<<15),
		"header":          append(binary.LittleEndian.AppendUint64(nil, 1<<26), strings.Repeat("{", 1<<20)...),
		"nested":          header("{" + strings.Repeat(`"a":{`, 1<<20)),
		"objects.pth":     objects(1 << 20),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestHostileFilesUnderALimit$", "-test.v")
	child.Env = append(os.Environ(), folder+"="+dir, "GOMEMLIMIT=400MiB")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out[max(0, len(out)-3000):])
	}
	for _, want := range []string{
		"overlapping.pth: ", "expanded.pth: 1 arrays, 1 left out", "zeros.npz: ", "objects.pth: 0 arrays",
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
}

// header returns the beginning of a file of safetensors.
func header(text string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
}

// tensors returns a pickle of tensors, each of a storage of its own.
func tensors(count, elements int, shape string) string {
	var b strings.Builder
	b.WriteString("\x80\x02}(")
	for i := range count {
		key := fmt.Sprint(i)
		fmt.Fprintf(&b, "X%s%s", size(len(key)), key)
		fmt.Fprintf(&b, "ctorch._utils\n_rebuild_tensor_v2\n((X%sstoragectorch\nFloatStorage\nX%s%sX%scpuJ%stQK\x00%s\x89NtR",
			size(7), size(len(key)), key, size(3), size(elements), shape)
	}
	b.WriteString("u.")
	return b.String()
}

// size returns a number as a pickle has it.
func size(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

// archive returns a zip of files that are stored.
func archive(t *testing.T, write func(w *zip.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	write(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func store(t *testing.T, w *zip.Writer, name string, content []byte) {
	t.Helper()
	f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err == nil {
		_, err = f.Write(content)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// overlapping returns a file of torch.save whose storages, each a megabyte, are the
// same bytes of it: the directory names them again and again.
func overlapping(t *testing.T, count int) []byte {
	const bytesEach = 1 << 20
	file := archive(t, func(w *zip.Writer) {
		store(t, w, "a/data.pkl", []byte(tensors(count, bytesEach/4, "J"+size(bytesEach/4)+"\x85K\x01\x85")))
		store(t, w, "a/data/0", make([]byte, bytesEach))
	})
	end := bytes.LastIndex(file, []byte("PK\x05\x06"))
	directory := int(binary.LittleEndian.Uint32(file[end+16:]))
	entry := file[directory:end]
	last := bytes.Clone(entry[bytes.LastIndex(entry, []byte("PK\x01\x02")):])
	out := bytes.Clone(file[:end])
	for i := 1; i < count; i++ {
		name := fmt.Sprintf("a/data/%d", i)
		binary.LittleEndian.PutUint16(last[28:], uint16(len(name)))
		out = append(append(append(out, last[:46]...), name...), last[46+len("a/data/0"):]...)
	}
	tail := bytes.Clone(file[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(count+1))
	binary.LittleEndian.PutUint16(tail[10:], uint16(count+1))
	binary.LittleEndian.PutUint32(tail[12:], uint32(len(out)-directory))
	return append(out, tail...)
}

// zeros returns a file of numpy.savez_compressed with arrays of 64 MB that are zeros.
func zeros(t *testing.T, count int) []byte {
	text := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }", 1<<24)
	one := archive(t, func(w *zip.Writer) {
		f, err := w.Create("x.npy")
		if err == nil {
			_, err = fmt.Fprintf(f, "\x93NUMPY\x01\x00%c\x00%s", len(text), text)
		}
		for range 64 {
			if err == nil {
				_, err = f.Write(make([]byte, 1<<20))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	from, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	if err != nil {
		t.Fatal(err)
	}
	return archive(t, func(w *zip.Writer) {
		for i := range count {
			head := from.File[0].FileHeader
			head.Name = fmt.Sprintf("x%d.npy", i)
			raw, err := from.File[0].OpenRaw()
			if err != nil {
				t.Fatal(err)
			}
			f, err := w.CreateRaw(&head)
			if err == nil {
				_, err = io.Copy(f, raw)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// expanded returns a file with a tensor and one that is a single number, repeated
// side times side times.
func expanded(t *testing.T, side int) []byte {
	all := tensors(2, 1, "K\x01\x85K\x01\x85")
	at := strings.LastIndex(all, "K\x01\x85K\x01\x85")
	all = all[:at] + "J" + size(side) + "J" + size(side) + "\x86K\x00K\x00\x86" + all[at+len("K\x01\x85K\x01\x85"):]
	return archive(t, func(w *zip.Writer) {
		store(t, w, "a/data.pkl", []byte(all))
		store(t, w, "a/data/0", make([]byte, 4))
		store(t, w, "a/data/1", make([]byte, 4))
	})
}

// objects returns a pickle of many small containers that are all kept.
func objects(count int) []byte {
	const magic = "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
	return []byte(magic + "M\xe9\x03." + "}." + "(" + strings.Repeat("}\x94]\x94", count) + "t." + "].")
}
