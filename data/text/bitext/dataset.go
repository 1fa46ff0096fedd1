package bitext

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// A file of pairs is the numbers of all words, source before target, in four
// bytes each; then the two lengths of each pair in two bytes each; then the
// trailer: the number of pairs in eight bytes, the largest number of a word, the
// checksum of the words and that of the lengths in four each, and eight letters. All
// numbers are little endian.
const (
	trailerMagic = "pairs v1"
	trailerSize  = 8 + 4 + 4 + 4 + len(trailerMagic)
	// stride is the number of pairs between two whose places are in memory.
	stride = 64
)

// Writer writes pairs, one after the other, for [Open].
type Writer struct {
	out      *bufio.Writer
	lengths  []uint16
	buffer   []byte
	largest  uint32
	checksum uint32 // of the words
}

// NewWriter returns a writer to w. Only the lengths of the pairs, four bytes for
// each pair, are in memory until Close.
func NewWriter(w io.Writer) *Writer { return &Writer{out: bufio.NewWriterSize(w, 1<<16)} }

// Write adds a pair. It is an error when a side has more than 65,535 words.
func (w *Writer) Write(source, target []int32) error {
	w.buffer = w.buffer[:0]
	for _, side := range [][]int32{source, target} {
		if len(side) > math.MaxUint16 {
			return fmt.Errorf("bitext: a sentence of %d words is too long: %d are possible", len(side), math.MaxUint16)
		}
		w.lengths = append(w.lengths, uint16(len(side)))
		for _, id := range side {
			w.buffer = binary.LittleEndian.AppendUint32(w.buffer, uint32(id))
			w.largest = max(w.largest, uint32(id))
		}
	}
	w.checksum = crc32.Update(w.checksum, crc32.IEEETable, w.buffer)
	_, err := w.out.Write(w.buffer)
	return err
}

// Close completes what was written; it does not close what it was written to.
func (w *Writer) Close() error {
	sum := crc32.NewIEEE()
	if err := binary.Write(io.MultiWriter(w.out, sum), binary.LittleEndian, w.lengths); err != nil {
		return err
	}
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(len(w.lengths)/2))
	for _, n := range []uint32{w.largest, w.checksum, sum.Sum32()} {
		trailer = binary.LittleEndian.AppendUint32(trailer, n)
	}
	if _, err := w.out.Write(append(trailer, trailerMagic...)); err != nil {
		return err
	}
	return w.out.Flush()
}

// Dataset holds pairs of sentences as numbers of words. Only their lengths need to be in
// memory; words are read when needed. Its methods may be called at the same time.
type Dataset struct {
	r        io.ReaderAt
	lengths  []uint16
	starts   []int64 // of every stride-th pair
	largest  uint32
	checksum uint32
}

// NewDataset returns pairs in memory: as many targets as sources. It is an error
// when a sentence is longer than a [Writer] takes.
func NewDataset(sources, targets [][]int32) (*Dataset, error) {
	if len(sources) != len(targets) {
		return nil, fmt.Errorf("bitext: %d sentences have %d translations: they must have as many", len(sources), len(targets))
	}
	var file bytes.Buffer
	w := NewWriter(&file)
	for i := range sources {
		if err := w.Write(sources[i], targets[i]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
}

var errDamaged = errors.New("bitext: a file of pairs is damaged: prepare it again")

// Open returns the pairs that a [Writer] wrote to a file of a given size. It is
// an error when they are not complete.
func Open(r io.ReaderAt, size int64) (*Dataset, error) {
	var trailer [trailerSize]byte
	if size < int64(trailerSize) {
		return nil, fmt.Errorf("bitext: a file of %d bytes holds no pairs: prepare it again", size)
	}
	if _, err := r.ReadAt(trailer[:], size-int64(trailerSize)); err != nil {
		return nil, fmt.Errorf("bitext: cannot read the end of a file of pairs: %w", err)
	}
	n := binary.LittleEndian.Uint64(trailer[:])
	if string(trailer[20:]) != trailerMagic || n > uint64(size-int64(trailerSize))/4 || n > math.MaxInt/4 || n > math.MaxInt32 {
		return nil, errors.New("bitext: a file of pairs is not complete, or is something else: prepare it again")
	}
	table := make([]byte, 4*n)
	end := size - int64(trailerSize) - int64(len(table))
	if _, err := r.ReadAt(table, end); err != nil && len(table) > 0 {
		return nil, fmt.Errorf("bitext: cannot read the lengths of pairs: %w", err)
	}
	d := &Dataset{r: r, lengths: make([]uint16, 2*n), largest: binary.LittleEndian.Uint32(trailer[8:])}
	var words int64
	for i := range d.lengths {
		if i%(2*stride) == 0 {
			d.starts = append(d.starts, 4*words)
		}
		d.lengths[i] = binary.LittleEndian.Uint16(table[2*i:])
		words += int64(d.lengths[i])
	}
	if crc32.ChecksumIEEE(table) != binary.LittleEndian.Uint32(trailer[16:]) || 4*words != end || d.largest > math.MaxInt32 {
		return nil, errDamaged
	}
	d.checksum = crc32.ChecksumIEEE(trailer[:])
	return d, nil
}

// Len returns the number of pairs.
func (d *Dataset) Len() int { return len(d.lengths) / 2 }

// Lengths returns the numbers of words of pair i.
func (d *Dataset) Lengths(i int) (source, target int) {
	return int(d.lengths[2*i]), int(d.lengths[2*i+1])
}

// Words returns the least size of a vocabulary with all words of the pairs.
func (d *Dataset) Words() int { return int(d.largest) + 1 }

// Checksum returns a number that distinguishes data sets with different pairs.
func (d *Dataset) Checksum() uint32 { return d.checksum }

// First returns the first n pairs, all if there are no more.
func (d *Dataset) First(n int) *Dataset {
	if n >= d.Len() {
		return d
	}
	first := *d
	first.lengths = d.lengths[:2*n]
	first.checksum = crc32.Update(d.checksum, crc32.IEEETable, binary.LittleEndian.AppendUint64(nil, uint64(n)))
	return &first
}

// Pairs returns the words of some pairs.
func (d *Dataset) Pairs(numbers []int32) (sources, targets [][]int32, err error) {
	sources, targets = make([][]int32, len(numbers)), make([][]int32, len(numbers))
	for k, i := range numbers {
		if sources[k], targets[k], err = d.Pair(int(i)); err != nil {
			return nil, nil, err
		}
	}
	return sources, targets, nil
}

// Pair returns the words of pair i.
func (d *Dataset) Pair(i int) (source, target []int32, err error) {
	start := d.starts[i/stride]
	for _, n := range d.lengths[i/stride*stride*2 : 2*i] {
		start += 4 * int64(n)
	}
	s, t := d.Lengths(i)
	content := make([]byte, 4*(s+t))
	if _, err := d.r.ReadAt(content, start); err != nil && len(content) > 0 {
		return nil, nil, fmt.Errorf("bitext: cannot read pair %d: %w", i, err)
	}
	ids := make([]int32, s+t)
	for k := range ids {
		id := binary.LittleEndian.Uint32(content[4*k:])
		if id > d.largest {
			return nil, nil, errDamaged
		}
		ids[k] = int32(id)
	}
	return ids[:s:s], ids[s:], nil
}
