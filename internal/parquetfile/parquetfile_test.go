package parquetfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"autodropout/internal/sizedtest"
)

// read returns the values of all columns of a file, as text.
func read(text []byte) (values []string, err error) {
	f, err := Open(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, err
	}
	for group := range f.RowGroups() {
		for column := range f.Schema().Columns() {
			if values, err = readColumn(f, group, column, values); err != nil {
				return nil, err
			}
		}
	}
	return values, nil
}

func readColumn(f *File, group, column int, values []string) ([]string, error) {
	r, err := f.Column(group, column)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		v, err := r.Next()
		if err == io.EOF {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		values = append(values, v.String())
	}
}

// What the library writes, in all its ways, is read as it was.
func TestColumn(t *testing.T) {
	const rows = 1000
	var want []string
	bytesOf := func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%7)}, i%50) }
	for i := range rows {
		if i%5 == 0 {
			want = append(want, "<null>")
		} else {
			want = append(want, string(bytesOf(i)))
		}
	}
	for i := range rows {
		want = append(want, fmt.Sprint(i*i%300-7))
	}
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd, &parquet.Brotli} {
		for _, image := range []string{"plain", "dict", "delta"} {
			for _, label := range []string{"plain", "dict", "delta"} {
				for version := 1; version <= 2; version++ {
					name := fmt.Sprint(codec, image, label, version)
					schema := parquet.NewSchema("rows", parquet.Group{
						"image": parquet.Optional(parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), encodings(image, true))),
						"label": parquet.Encoded(parquet.Int(64), encodings(label, false)),
					})
					var b bytes.Buffer
					w := parquet.NewWriter(&b, schema, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(4<<10))
					for i := range rows {
						v := parquet.ByteArrayValue(bytesOf(i)).Level(0, 1, 0)
						if i%5 == 0 {
							v = parquet.NullValue().Level(0, 0, 0)
						}
						if _, err := w.WriteRows([]parquet.Row{{v, parquet.Int64Value(int64(i*i%300-7)).Level(0, 0, 1)}}); err != nil {
							t.Fatal(err)
						}
					}
					if err := w.Close(); err != nil {
						t.Fatal(err)
					}
					got, err := read(b.Bytes())
					if err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					if strings.Join(got, " ") != strings.Join(want, " ") {
						t.Errorf("%s: %d other values, such as %q", name, len(got), got[:10])
					}
					for n := 0; n < b.Len(); n += b.Len()/50 + 1 {
						if _, err := read(b.Bytes()[:n]); err == nil {
							t.Errorf("%s: %d of %d bytes are read", name, n, b.Len())
						}
					}
				}
			}
		}
	}
}

func encodings(name string, bytes bool) encoding.Encoding {
	switch {
	case name == "plain":
		return &parquet.Plain
	case name == "dict":
		return &parquet.RLEDictionary
	case bytes:
		return &parquet.DeltaLengthByteArray
	}
	return &parquet.DeltaBinaryPacked
}

func marshal(v any) []byte {
	b, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil {
		panic(err)
	}
	return b
}

// about describes a column of texts whose pages have so many bytes.
func about(pages int) *format.FileMetaData {
	return &format.FileMetaData{
		Version: 1, NumRows: 3,
		Schema: []format.SchemaElement{
			{Name: "root", NumChildren: thrift.New(int32(1))},
			{Name: "image", Type: thrift.New(format.ByteArray), RepetitionType: thrift.New(format.Optional)},
		},
		RowGroups: []format.RowGroup{{NumRows: 3, TotalByteSize: int64(pages), Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{
			Type: format.ByteArray, Encoding: []format.Encoding{format.Plain}, PathInSchema: []string{"image"}, NumValues: 3,
			TotalUncompressedSize: int64(pages), TotalCompressedSize: int64(pages), DataPageOffset: 4,
		}}}}},
	}
}

// file returns a file of pages and a description.
func file(pages, about []byte) []byte {
	b := append([]byte("PAR1"), pages...)
	b = append(b, about...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(about))), "PAR1"...)
}

// page returns a page of version 1: levels and values.
func page(values, size int32, encoding format.Encoding, text ...byte) []byte {
	return append(marshal(&format.PageHeader{
		Type: format.DataPage, UncompressedPageSize: size, CompressedPageSize: int32(len(text)),
		DataPageHeader: thrift.New(format.DataPageHeader{NumValues: values, Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}),
	}), text...)
}

func dictionary(values, size int32, text ...byte) []byte {
	return append(marshal(&format.PageHeader{
		Type: format.DictionaryPage, UncompressedPageSize: size, CompressedPageSize: int32(len(text)),
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: values, Encoding: format.Plain}),
	}), text...)
}

// run returns levels or numbers that are a run of one value.
func run(count uint64, value byte) []byte { return append(binary.AppendUvarint(nil, count<<1), value) }

// levels puts the length before levels.
func levels(text []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// plain are three texts.
var plain = []byte("\x01\x00\x00\x00a\x01\x00\x00\x00b\x01\x00\x00\x00c")

const most = math.MaxInt32

// hostile returns files that claim far more than they hold, by name.
func hostile() map[string][]byte {
	compressed := func(codec format.CompressionCodec, pages []byte) []byte {
		a := about(len(pages))
		a.RowGroups[0].Columns[0].MetaData.Codec = codec
		return file(pages, marshal(a))
	}
	pages := func(pages ...[]byte) []byte { return compressed(format.Uncompressed, join(pages...)) }
	described := func(change func(a *format.FileMetaData)) []byte {
		p := page(3, 21, format.Plain, join(levels(run(3, 1)), plain)...)
		a := about(len(p))
		change(a)
		return file(p, marshal(a))
	}
	encoder, _ := zstd.NewWriter(nil)
	zeros := encoder.EncodeAll(make([]byte, 256<<20), nil)
	_ = encoder.Close()
	three := levels(run(3, 1))
	return map[string][]byte{
		"children":    described(func(a *format.FileMetaData) { a.Schema[0].NumChildren = thrift.New(int32(most)) }),
		"a tower":     described(func(a *format.FileMetaData) { a.Schema = tower(50000) }),
		"a list":      described(func(a *format.FileMetaData) { a.Schema[1].LogicalType.Value = new(format.ListType) }),
		"an old list": described(func(a *format.FileMetaData) { a.Schema[1].ConvertedType = thrift.New(deprecated.List) }),
		"a decimal": described(func(a *format.FileMetaData) {
			a.Schema[1].Type.V, a.Schema[1].LogicalType.Value = format.Double, new(format.DecimalType)
		}),
		"a length": described(func(a *format.FileMetaData) { a.Schema[1].Type.V = format.FixedLenByteArray }),
		"numbers as texts": described(func(a *format.FileMetaData) {
			a.Schema[1].Type.V, a.Schema[1].LogicalType.Value = format.Int32, new(format.StringType)
		}),
		"no columns":     described(func(a *format.FileMetaData) { a.RowGroups[0].Columns = nil }),
		"sorted by none": described(func(a *format.FileMetaData) { a.RowGroups[0].SortingColumns = []format.SortingColumn{{ColumnIdx: 70}} }),
		"outside":        described(func(a *format.FileMetaData) { a.RowGroups[0].Columns[0].MetaData.TotalCompressedSize = 1 << 40 }),
		"before":         described(func(a *format.FileMetaData) { a.RowGroups[0].Columns[0].MetaData.DataPageOffset = -7 }),
		"footer":         append([]byte("PAR1"), "\xf0\xff\xff\xffPAR1"...),
		// Field 2, the schema, is a list of 2^31 - 1 structures.
		"long list":         file(nil, []byte{0x15, 2, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 7}),
		"many elements":     file(nil, join([]byte{0x15, 2, 0x19, 0xfc}, binary.AppendUvarint(nil, 16<<20), make([]byte, 16<<20+1))),
		"deep":              file(nil, bytes.Repeat([]byte{0x1c}, 1<<20)),
		"values":            pages(page(most, 21, format.Plain, join(three, plain)...)),
		"size":              compressed(format.Gzip, page(3, most, format.Plain, join(three, plain)...)),
		"zeros":             compressed(format.Zstd, page(3, 21, format.Plain, zeros...)),
		"zeros that it has": compressed(format.Zstd, page(3, 256<<20, format.Plain, zeros...)),
		"snappy":            compressed(format.Snappy, page(3, 21, format.Plain, 0xff, 0xff, 0xff, 0xff, 7, 0)),
		"levels":            pages(page(3, 21, format.Plain, join(levels(bytes.Repeat(run(1<<23, 1), 400)), plain)...)),
		"level lengths":     pages(page(3, 21, format.Plain, 0xff, 0xff, 0xff, 0x7f)),
		"numbers":           pages(dictionary(3, 15, plain...), page(3, 21, format.RLEDictionary, join(three, []byte{2}, bytes.Repeat(run(1<<23, 1), 400))...)),
		"number 3":          pages(dictionary(3, 15, plain...), page(3, 21, format.RLEDictionary, join(three, []byte{2}, run(3, 3))...)),
		"packed 3":          pages(dictionary(3, 15, plain...), page(3, 21, format.RLEDictionary, join(three, []byte{2, 3, 0b110100, 0})...)),
		"level 2":           pages(page(3, 21, format.Plain, join(levels(run(3, 2)), plain)...)),
		"no dictionary":     pages(page(3, 21, format.RLEDictionary, join(three, []byte{2}, run(3, 0))...)),
		"packed numbers":    pages(dictionary(3, 15, plain...), page(3, 21, format.RLEDictionary, join(three, []byte{32, 0xff, 0xff, 3})...)),
		"dictionary":        pages(dictionary(most, 15, plain...), page(3, 21, format.RLEDictionary, join(three, []byte{2}, run(3, 1))...)),
		"lengths":           pages(page(3, 21, format.DeltaLengthByteArray, join(three, []byte{128, 1, 4, 0xff, 0xff, 0xff, 0xff, 7, 0})...)),
		"prefixes":          pages(page(3, 21, format.DeltaByteArray, join(three, []byte{128, 1, 4, 0xff, 0xff, 0xff, 0xff, 7, 0})...)),
		"name of a page":    pages([]byte{0x15, 0, 0x15, 42, 0x15, 42, 0x38, 0xff, 0xff, 0xff, 0xff, 7}),
	}
}

// tower is a schema of groups in groups.
func tower(height int) (schema []format.SchemaElement) {
	for range height {
		schema = append(schema, format.SchemaElement{Name: "a", NumChildren: thrift.New(int32(1)), RepetitionType: thrift.New(format.Optional)})
	}
	return append(schema, format.SchemaElement{Name: "image", Type: thrift.New(format.ByteArray), RepetitionType: thrift.New(format.Optional)})
}

// No file takes more memory than 512 MB with the process around it, however much it
// claims; all are refused.
func TestHostileFiles(t *testing.T) {
	sizedtest.Process(t, 512<<20, 10*time.Minute, func(t *testing.T) {
		for name, text := range hostile() {
			debug.FreeOSMemory() // what the last file left is not this one's
			sizedtest.Within(t, text, func() {
				if got, err := read(text); err == nil {
					t.Errorf("%s: %d values", name, len(got))
				} else {
					t.Logf("%s: %v", name, err)
				}
			})
		}
	})
}

// The files above are such files, but for what is wrong with them.
func TestHonestFiles(t *testing.T) {
	three := levels(run(3, 1))
	p := page(3, 21, format.Plain, join(three, plain)...)
	compressed := snappy.Encode(nil, join(three, plain))
	packed := page(3, 21, format.Plain, compressed...)
	a := about(len(packed))
	a.RowGroups[0].Columns[0].MetaData.Codec = format.Snappy
	numbers := join(dictionary(3, 15, plain...), page(3, 21, format.RLEDictionary, join(three, []byte{2, 3, 0b100100, 0})...))
	for name, text := range map[string][]byte{
		"plain":      file(p, marshal(about(len(p)))),
		"snappy":     file(packed, marshal(a)),
		"dictionary": file(numbers, marshal(about(len(numbers)))),
	} {
		if got, err := read(text); err != nil || strings.Join(got, "") != "abc" {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
}

// What the library does with a damaged file is not the end of the program.
func TestPanicsAreErrors(t *testing.T) {
	err := func() (err error) {
		defer catch(&err)
		panic("index out of bounds")
	}()
	if err == nil || err.Error() != "it is damaged (index out of bounds)" {
		t.Errorf("the error is %v", err)
	}
}
