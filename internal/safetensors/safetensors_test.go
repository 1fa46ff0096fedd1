package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"autodropout/internal/sizedtest"
)

func TestRoundTrip(t *testing.T) {
	want := &File{
		Tensors: []Tensor{
			{"z", []int{2, 3}, []float32{1, -2, 3, float32(math.Inf(1)), 5, 6}},
			{"a", []int{}, []float32{7}},
			{"empty", []int{0, 4}, []float32{}},
		},
		Metadata: map[string]string{"step": "12"},
	}
	var b bytes.Buffer
	if err := Write(&b, want); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f.safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, wrote %+v", got, want)
	}
	if (8+len(b.Bytes()[8:])-4*7)%8 != 0 {
		t.Error("the data is not aligned to 8 bytes")
	}
}

// No flipped bit changes what is read unnoticed.
func TestDamageIsFound(t *testing.T) {
	want := &File{
		Tensors:  []Tensor{{"a", []int{2}, []float32{1, 2}}, {"b", []int{1}, []float32{3}}},
		Metadata: map[string]string{"step": "12"},
	}
	var b bytes.Buffer
	if err := Write(&b, want); err != nil {
		t.Fatal(err)
	}
	found := 0
	for i := range b.Len() {
		for bit := range 8 {
			damaged := bytes.Clone(b.Bytes())
			damaged[i] ^= 1 << bit
			got, err := Read(bytes.NewReader(damaged), int64(len(damaged)))
			if err == nil && (!reflect.DeepEqual(got.Tensors, want.Tensors) || got.Metadata["step"] != "12") {
				t.Fatalf("bit %d of byte %d is flipped: read %+v", bit, i, got)
			}
			if err != nil && strings.Contains(err.Error(), "checksum") {
				found++
			}
		}
	}
	if data := 8 * 4 * 3; found < data {
		t.Errorf("the checksum found %d flipped bits, where the data alone has %d", found, data)
	}
}

// file builds a file from a header and raw data.
func file(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestReadTypes(t *testing.T) {
	for _, c := range []struct {
		dtype string
		raw   []byte
		want  float32
	}{
		{"F64", []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 1.5},
		{"F32", []byte{0, 0, 0xc0, 0x3f}, 1.5},
		{"F16", []byte{0x00, 0xbe}, -1.5},
		{"F16", []byte{0x01, 0x80}, -1.0 / (1 << 24)},
		{"F16", []byte{0x00, 0x7c}, float32(math.Inf(1))},
		{"BF16", []byte{0xc0, 0x3f}, 1.5},
		{"I64", []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -2},
		{"U64", []byte{0, 0, 0, 0, 1, 0, 0, 0}, 1 << 32},
		{"U32", []byte{0xfe, 0xff, 0, 0}, 65534},
		{"U16", []byte{0xfe, 0xff}, 65534},
		{"I32", []byte{0xfe, 0xff, 0xff, 0xff}, -2},
		{"I16", []byte{0xfe, 0xff}, -2},
		{"I8", []byte{0xfe}, -2},
		{"U8", []byte{0xfe}, 254},
		{"BOOL", []byte{1}, 1},
	} {
		header := `{"x":{"dtype":"` + c.dtype + `","shape":[1],"data_offsets":[0,` + string(rune('0'+len(c.raw))) + `]}}`
		b := file(header, c.raw...)
		f, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Errorf("%s: %v", c.dtype, err)
		} else if got := f.Lookup("x").Data[0]; got != c.want {
			t.Errorf("%s: got %v, want %v", c.dtype, got, c.want)
		}
	}
}

// One tensor of an unknown type, a field of a later version and metadata of another
// program do not cost the others.
func TestReadLeavesOut(t *testing.T) {
	header := `{"__metadata__":{"crc32c":"12345678"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"quantized":{"by":["someone"]}},` +
		`"b":{"dtype":"C64","shape":[1],"data_offsets":[1,9]},"c":{"dtype":"F4","shape":[4],"data_offsets":[9,11]},"d":{"dtype":"U8","shape":[1],"data_offsets":[11,12]}}`
	b := file(header, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7)
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if want := []Tensor{{"a", []int{1}, []float32{5}}, {"d", []int{1}, []float32{7}}}; !reflect.DeepEqual(f.Tensors, want) {
		t.Errorf("read %v, want %v", f.Tensors, want)
	}
	if len(f.Left) != 2 || f.Left[0].Name != "b" || f.Left[1].Name != "c" || !strings.Contains(f.Left[0].Why, "C64") {
		t.Errorf("left out %v", f.Left)
	}
	if f.Metadata["crc32c"] != "12345678" {
		t.Errorf("the metadata are %v", f.Metadata)
	}
}

// A file of ours, and no other kind, looks like one.
func TestLooks(t *testing.T) {
	good := file(`{}`)
	for name, c := range map[string]struct {
		head []byte
		size int64
		want bool
	}{
		"good": {good, 10, true}, "short": {good[:8], 8, false}, "longer than the file": {good, 9, false}, "no JSON": {file(`[]`), 10, false},
		"zip": {[]byte("PK\x03\x04\x00\x00\x08\x08{"), 1 << 40, false}, "pickle": {[]byte("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), 1 << 40, false},
	} {
		if got := Looks(c.head, c.size); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"too short":    {[]byte{1, 2}, "too few"},
		"long header":  {file(`{}`)[:9], "cut short"},
		"huge header":  {binary.LittleEndian.AppendUint64(nil, 1<<62), "would be"},
		"not JSON":     {file(`{"x"`), "not JSON"},
		"no type":      {file(`{"x":{"shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "no data type"},
		"cut unknown":  {file(`{"x":{"dtype":"Q3","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0), "damaged or cut short"},
		"hole":         {file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), `"x" lies`},
		"overlap":      {file(`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), `"y" lies`},
		"backwards":    {file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,-1]}}`, 0), `"x" lies`},
		"wrong size":   {file(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "does not fit"},
		"overflow":     {file(`{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`), "does not fit"},
		"too large":    {file(`{"x":{"dtype":"F32","shape":[65536,65536,65536,65536],"data_offsets":[0,0]}}`), "does not fit into the memory"},
		"fraction":     {file(`{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,0]}}`), "number 1.5 as shape"},
		"negative":     {file(`{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}`), "does not fit"},
		"truncated":    {file(`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 0), "damaged or cut short"},
		"trailing":     {file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 0, 0), "damaged or cut short"},
		"bad metadata": {file(`{"__metadata__":{"a":1}}`), "metadata"},
	} {
		_, err := Read(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, f := range map[string]*File{
		"twice":    {Tensors: []Tensor{{"x", []int{1}, []float32{1}}, {"x", []int{1}, []float32{1}}}},
		"shape":    {Tensors: []Tensor{{"x", []int{2}, []float32{1}}}},
		"reserved": {Tensors: []Tensor{{metadataKey, []int{1}, []float32{1}}}},
		"checksum": {Metadata: map[string]string{checksumKey: noChecksum}},
	} {
		if err := Write(&bytes.Buffer{}, f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzRead(f *testing.F) {
	f.Add(file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0))
	f.Add(file(`{"__metadata__":{"a":"b"},"x":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}`, 0, 0))
	var written bytes.Buffer
	if err := Write(&written, &File{Tensors: []Tensor{{"x", []int{1}, []float32{1}}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(written.Bytes())
	f.Add(file(`{"x":{"dtype":"C64","shape":[1],"data_offsets":[0,8],"more":1},"y":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[8,9]}}`, 0, 0, 0, 0, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		sizedtest.Within(t, b, func() {
			got, err := Read(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				return
			}
			for _, x := range got.Tensors {
				if n, err := Elements(x.Shape); err != nil || n != len(x.Data) {
					t.Errorf("tensor %q has shape %v and %d elements", x.Name, x.Shape, len(x.Data))
				}
			}
		})
	})
}
