// Package parquetfile reads columns of Parquet files that others wrote. The library
// that decodes them takes memory for whatever a file claims; here all claims, those of
// the description at the end of the file, of the pages and of the runs in them, are
// first checked against the bytes that are there.
package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"autodropout/internal/sized"
)

// File is an open file.
type File struct {
	*parquet.File
	reader io.ReaderAt
	size   int64
	budget *sized.Budget
	types  []format.Type // of the columns, whatever else is said of them
}

// Open opens a file of size bytes, which it reads on demand. What is not a Parquet
// file, or claims more than it holds, is an error.
func Open(r io.ReaderAt, size int64) (opened *File, err error) {
	defer catch(&err)
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	opened = &File{File: f, reader: r, size: size, budget: sized.NewBudget(size)}
	for _, e := range f.Metadata().Schema {
		if e.Type.Valid {
			opened.types = append(opened.types, e.Type.V)
		}
	}
	return opened, nil
}

// catch makes an error of a panic, of the library, for a file that is damaged.
func catch(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("it is damaged (%v)", r)
	}
}

// footerEnd is the length of the description and the letters PAR1.
const footerEnd = 8

// checkFooter checks the description at the end of a file.
func checkFooter(r io.ReaderAt, size int64) error {
	var end [footerEnd]byte
	if size < footerEnd {
		return errDamaged
	}
	if _, err := r.ReadAt(end[:], size-footerEnd); err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(end[:]))
	if string(end[4:]) != "PAR1" {
		return errors.New("it does not end with PAR1")
	}
	if length > size-footerEnd {
		return errDamaged
	}
	text := make([]byte, length)
	if _, err := r.ReadAt(text, size-footerEnd-length); err != nil {
		return err
	}
	_, memory, err := measure(text)
	if err != nil {
		return errDamaged
	}
	if err := sized.NewBudget(size).Keep(memory); err != nil {
		return err
	}
	var about format.FileMetaData
	if err := decode(text, &about); err != nil {
		return err
	}
	return checkDescription(&about, size)
}

func decode(text []byte, to any) error {
	var protocol thrift.CompactProtocol
	return thrift.NewDecoder(protocol.NewReaderFromBytes(text)).Decode(to)
}

// checkDescription checks that the columns of the schema are those of each group of
// rows, and that these are inside the file.
func checkDescription(about *format.FileMetaData, size int64) error {
	end, leaves, err := schemaTree(about.Schema, 0, 0)
	if err != nil {
		return err
	}
	if end != len(about.Schema) {
		return fmt.Errorf("it is damaged: of %d elements of its schema %d are in no group", len(about.Schema), len(about.Schema)-end)
	}
	for i, group := range about.RowGroups {
		if len(group.Columns) != leaves {
			return fmt.Errorf("it is damaged: group %d of its rows has %d columns, its schema %d", i, len(group.Columns), leaves)
		}
		for _, s := range group.SortingColumns {
			if s.ColumnIdx < 0 || int(s.ColumnIdx) >= leaves {
				return fmt.Errorf("it is damaged: group %d of its rows is sorted by column %d of %d", i, s.ColumnIdx, leaves)
			}
		}
		for j, c := range group.Columns {
			if at := firstPage(&c); at < 0 || c.MetaData.TotalCompressedSize < 0 || at > size-c.MetaData.TotalCompressedSize {
				return fmt.Errorf("it is damaged: column %d in group %d of its rows is not inside the file", j, i)
			}
		}
	}
	return nil
}

// schemaTree returns the element behind the subtree of one, and how many columns the
// subtree has.
func schemaTree(schema []format.SchemaElement, at, depth int) (end, leaves int, err error) {
	if at >= len(schema) || depth > deepest {
		return 0, 0, errors.New("it is damaged: a group of its schema has other elements than it claims")
	}
	e := &schema[at]
	end = at + 1
	if e.Type.Valid {
		if e.NumChildren.Valid && e.NumChildren.V != 0 {
			return 0, 0, errors.New("it is damaged: a column of its schema has columns")
		}
		if !fits(e) {
			return 0, 0, fmt.Errorf("it is damaged: column %q of its schema, of type %v, says that it is something else", e.Name, e.Type.V)
		}
		return end, 1, nil
	}
	for i := int32(0); e.NumChildren.Valid && i < e.NumChildren.V; i++ {
		var n int
		if end, n, err = schemaTree(schema, end, depth+1); err != nil {
			return 0, 0, err
		}
		leaves += n
	}
	return end, leaves, nil
}

// fits reports whether what a column says beside its type can be said of one of that
// type: the library takes the column for that.
func fits(e *format.SchemaElement) bool {
	decimal := false
	switch e.LogicalType.Value.(type) {
	case *format.MapType, *format.ListType, *format.VariantType:
		return false
	case *format.DecimalType:
		decimal = true
	case nil:
		switch e.ConvertedType.V {
		case deprecated.Map, deprecated.MapKeyValue, deprecated.List:
			return !e.ConvertedType.Valid
		case deprecated.Decimal:
			decimal = e.ConvertedType.Valid
		}
	}
	switch e.Type.V {
	case format.FixedLenByteArray:
		return e.TypeLength.Valid && e.TypeLength.V > 0
	case format.Int32, format.Int64, format.ByteArray:
		return true
	}
	return !decimal
}

// firstPage returns where the pages of a column begin.
func firstPage(c *format.ColumnChunk) int64 {
	if at := c.MetaData.DictionaryPageOffset; at != 0 {
		return at
	}
	return c.MetaData.DataPageOffset
}

// Values are those of a column in a group of rows.
type Values struct {
	reader parquet.ColumnChunkValueReader
}

// Next returns the next value, which is good until the next call; [io.EOF] when there
// are no more.
func (v Values) Next() (value parquet.Value, err error) {
	defer catch(&err)
	var one [1]parquet.Value
	n, err := v.reader.ReadValues(one[:])
	if n == 1 {
		return one[0], nil
	}
	return value, err
}

// Close ends the reading.
func (v Values) Close() error { return v.reader.Close() }

// Column returns the values of a column, a leaf that is not repeated, in a group of
// rows, after it has checked all its pages. They must be closed.
func (f *File) Column(group, column int) (values Values, err error) {
	defer catch(&err)
	path := f.Schema().Columns()[column]
	leaf, _ := f.Schema().Lookup(path...)
	if leaf.MaxRepetitionLevel != 0 {
		panic(fmt.Sprintf("parquetfile: column %v is repeated", path))
	}
	if kind := parquet.Kind(f.types[column]); kind != leaf.Node.Type().Kind() {
		return values, fmt.Errorf("it is damaged: column %v has values of type %v, and says that they are something else", path, kind)
	}
	c := &f.Metadata().RowGroups[group].Columns[column]
	// The library takes the compression of the first group for that of all.
	if codec := c.MetaData.Codec; codec != f.Metadata().RowGroups[0].Columns[column].MetaData.Codec {
		return values, fmt.Errorf("column %v is compressed in several ways, which is not supported", path)
	} else if !slices.Contains(codecs, codec) {
		return values, fmt.Errorf("column %v is compressed with %v, which is not supported: write it with snappy, gzip or zstd", path, codec)
	}
	check := &pages{
		source: io.NewSectionReader(f.reader, firstPage(c), c.MetaData.TotalCompressedSize), left: c.MetaData.TotalCompressedSize,
		codec: c.MetaData.Codec, highest: leaf.MaxDefinitionLevel, dictionary: -1, file: f,
	}
	for check.left > 0 {
		if err := check.page(); err != nil {
			return values, fmt.Errorf("column %v, byte %d of it: %w", path, c.MetaData.TotalCompressedSize-check.left, err)
		}
	}
	return Values{parquet.NewColumnChunkValueReader(f.RowGroups()[group].ColumnChunks()[column])}, nil
}
