package parquetfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"

	"autodropout/internal/sized"
)

// pages checks the pages of a column.
type pages struct {
	source     io.ReaderAt
	at, left   int64
	codec      format.CompressionCodec
	highest    int   // level, of a value that is there; 0 where none can be missing
	dictionary int64 // how many values it has; -1: there was none yet
	file       *File
}

const (
	firstWindow = 4 << 10
	eachPage    = 4  // copies of a page: compressed, decompressed, decoded, checked
	eachValue   = 16 // bytes beside it for the level, the place and the number of a value
)

// header reads the description of the next page.
func (p *pages) header() (h format.PageHeader, err error) {
	for window := int64(firstWindow); ; window *= 8 {
		text := make([]byte, min(window, p.left))
		if _, err := p.source.ReadAt(text, p.at); err != nil {
			return h, err
		}
		if err := p.file.budget.Work(int64(len(text))); err != nil {
			return h, err
		}
		length, memory, err := measure(text)
		if errors.Is(err, io.ErrUnexpectedEOF) && window < p.left {
			continue
		}
		if err != nil {
			return h, errDamaged
		}
		if err := sized.NewBudget(p.file.size).Keep(memory); err != nil {
			return h, err
		}
		p.at, p.left = p.at+int64(length), p.left-int64(length)
		return h, decode(text[:length], &h)
	}
}

// page checks the next page.
func (p *pages) page() error {
	h, err := p.header()
	if err != nil {
		return err
	}
	packed, plain := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
	values := int64(max(h.DataPageHeader.V.NumValues, h.DataPageHeaderV2.V.NumValues, h.DictionaryPageHeader.V.NumValues))
	if packed < 0 || packed > p.left || plain < 0 || values < 0 {
		return errDamaged
	}
	if err := sized.NewBudget(p.file.size).Keep(eachPage*plain + eachValue*values); err != nil {
		return err
	}
	if err := p.file.budget.Work(plain + values); err != nil {
		return err
	}
	text := make([]byte, packed)
	if _, err := p.source.ReadAt(text, p.at); err != nil {
		return err
	}
	p.at, p.left = p.at+packed, p.left-packed
	switch {
	case h.Type == format.DictionaryPage && h.DictionaryPageHeader.Valid:
		text, err = p.decompress(text, plain)
		if err == nil && 4*values > int64(len(text)) { // no value takes less
			err = errDamaged
		}
		p.dictionary = values
		return err
	case h.Type == format.DataPage && h.DataPageHeader.Valid:
		if text, err = p.decompress(text, plain); err != nil {
			return err
		}
		if p.highest > 0 {
			length := int64(0)
			if len(text) >= 4 {
				length = int64(binary.LittleEndian.Uint32(text))
				text = text[4:]
			}
			if text, err = p.levels(h.DataPageHeader.V.DefinitionLevelEncoding, text, length, values); err != nil {
				return err
			}
		}
		return p.values(h.DataPageHeader.V.Encoding, text, values)
	case h.Type == format.DataPageV2 && h.DataPageHeaderV2.Valid:
		v2 := &h.DataPageHeaderV2.V
		repeated := int64(v2.RepetitionLevelsByteLength)
		if repeated < 0 || repeated > int64(len(text)) || v2.NumNulls < 0 || v2.NumNulls > v2.NumValues {
			return errDamaged
		}
		if text, err = p.levels(format.RLE, text[repeated:], int64(v2.DefinitionLevelsByteLength), values); err != nil {
			return err
		}
		if !v2.IsCompressed.Valid || v2.IsCompressed.V {
			if text, err = p.decompress(text, plain); err != nil {
				return err
			}
		}
		return p.values(v2.Encoding, text, values)
	}
	return fmt.Errorf("it is damaged: a page is of type %v", h.Type)
}

// levels checks the levels that tell which values are missing, and returns what is
// behind them.
func (p *pages) levels(encoding format.Encoding, text []byte, length, values int64) ([]byte, error) {
	if length < 0 || length > int64(len(text)) {
		return nil, errDamaged
	}
	if encoding != format.RLE {
		return nil, fmt.Errorf("missing values are marked with %v, which is not supported", encoding)
	}
	if p.highest == 0 {
		return text[length:], nil
	}
	return text[length:], runs(text[:length], uint64(bits.Len(uint(p.highest))), values, int64(p.highest)+1)
}

// values checks encoded values.
func (p *pages) values(encoding format.Encoding, text []byte, values int64) error {
	switch encoding {
	case format.Plain, format.ByteStreamSplit:
		return nil
	//lint:ignore SA1019 pages of version 1 have it
	case format.PlainDictionary, format.RLEDictionary:
		if len(text) == 0 {
			return nil
		}
		return runs(text[1:], uint64(text[0]), values, p.dictionary)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		var claimed uint64
		for range 3 { // the size of a block, its parts, and how many values there are
			v, n := binary.Uvarint(text)
			if n <= 0 {
				return errDamaged
			}
			claimed, text = v, text[n:]
		}
		if claimed > uint64(values) {
			return errDamaged
		}
		return nil
	}
	return fmt.Errorf("it is encoded with %v, which is not supported: write it with PLAIN", encoding)
}

// runs checks that runs, of one number each or of eights of packed ones, are within
// the text, no more than the values of a page, and of numbers below a limit.
func runs(text []byte, width uint64, values, limit int64) error {
	if width > 32 {
		return errDamaged
	}
	for len(text) > 0 {
		head, n := binary.Uvarint(text)
		if n <= 0 {
			return errDamaged
		}
		text = text[n:]
		count := head >> 1
		numbers, each, length := uint64(1), (width+7)/8*8, (width+7)/8
		if head&1 == 1 {
			if count > uint64(len(text)) && width > 0 { // before it is multiplied
				return errDamaged
			}
			length, count = count*width, 8*count
			numbers, each = count, width
		}
		if length > uint64(len(text)) || count > uint64(max(values, 0)+7) {
			return errDamaged
		}
		for i := range min(numbers, count, uint64(max(values, 0))) { // what is behind fills up eight
			if numberAt(text, i*each, each) >= limit {
				return errDamaged
			}
		}
		text, values = text[length:], values-int64(count)
	}
	return nil
}

// numberAt returns the number that so many bits have from one on.
func numberAt(text []byte, at, width uint64) (number int64) {
	for i := range width {
		number |= int64(text[(at+i)/8]>>((at+i)%8)&1) << i
	}
	return number
}

// codecs are those that decompress knows. The library reads LZ4 as other values.
var codecs = []format.CompressionCodec{format.Uncompressed, format.Snappy, format.Gzip, format.Zstd, format.Brotli}

// decompress returns what was compressed, which must not be longer than size.
func (p *pages) decompress(text []byte, size int64) (plain []byte, err error) {
	from := bytes.NewReader(text)
	var reader io.Reader
	switch p.codec {
	case format.Uncompressed:
		return text, nil
	case format.Snappy:
		if n, err := snappy.DecodedLen(text); err != nil || int64(n) > size {
			return nil, errDamaged
		}
		if plain, err = snappy.Decode(nil, text); err != nil {
			return nil, errDamaged
		}
		return plain, nil
	case format.Gzip:
		if reader, err = gzip.NewReader(from); err != nil {
			return nil, errDamaged
		}
	case format.Zstd:
		z, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(uint64(max(size, 32<<20))))
		if err != nil {
			return nil, errDamaged
		}
		defer z.Close()
		reader = z
	case format.Brotli:
		reader = brotli.NewReader(from)
	}
	plain = make([]byte, size)
	n, err := io.ReadFull(reader, plain)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, errDamaged
	}
	if more, _ := io.CopyN(io.Discard, reader, 1); more != 0 {
		return nil, errDamaged
	}
	return plain[:n], nil
}
