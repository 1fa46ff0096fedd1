package picture

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"runtime/debug"
	"testing"
	"time"

	"autodropout/internal/sizedtest"
)

// limit is the memory that decoding any file may take, and the file itself, and longest the
// time, on a busy machine.
const (
	limit   = 512 << 20
	longest = 30 * time.Second
)

// segment is a part of a JPEG file.
func segment(marker byte, body ...byte) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// hollowJPEG claims a size, in so many channels, and has scans of no data.
func hollowJPEG(sof byte, width, height, channels, scans int) []byte {
	b := []byte{0xff, 0xd8}
	b = append(b, segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)...)
	frame := []byte{8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), byte(channels)}
	scan := []byte{byte(channels)}
	for i := range channels {
		frame = append(frame, byte(i+1), 0x11, 0)
		scan = append(scan, byte(i+1), 0)
	}
	b = append(b, segment(sof, frame...)...)
	if sof == 0xc2 || sof == 0xca {
		scan = append(scan, 0, 0, 0)
	} else {
		scan = append(scan, 0, 63, 0)
	}
	for range scans {
		b = append(b, segment(0xda, scan...)...)
		if sof == 0xc2 {
			b = append(b, segment(0xda, 1, 1, 0, 1, 63, 0)...)
		}
	}
	return append(b, 0xff, 0xd9)
}

// endlessRuns is a progressive image whose scans say of 32,767 blocks at a time that
// nothing is new in them.
func endlessRuns(side, scans int) []byte {
	b := hollowJPEG(0xc2, side, side, 1, 0)
	b = b[:len(b)-2]
	counts := make([]byte, 16)
	counts[0] = 1
	b = append(b, segment(0xc4, append(append([]byte{0x00}, counts...), 0)...)...)    // DC: no bits
	b = append(b, segment(0xc4, append(append([]byte{0x10}, counts...), 0xe0)...)...) // AC: a run of 2^14 blocks and more
	blocks := (side + 7) / 8 * ((side + 7) / 8)
	b = append(b, segment(0xda, 1, 1, 0, 0, 0, 0)...)
	b = append(b, make([]byte, blocks/8+8)...)
	for range scans {
		b = append(b, segment(0xda, 1, 1, 0, 1, 63, 0)...)
		b = append(b, make([]byte, blocks/(1<<14)*15/8+8)...)
	}
	return append(b, 0xff, 0xd9)
}

func pngChunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func zeros(n int) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	part := make([]byte, 1<<20)
	for ; n > 0; n -= len(part) {
		w.Write(part[:min(n, len(part))])
	}
	w.Close()
	return b.Bytes()
}

// hollowPNG has an image of zeros, and then as many more.
func hollowPNG(width, height int, depth, kind, interlace byte, data []byte) []byte {
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	header = append(header, depth, kind, 0, 0, interlace)
	b := []byte("\x89PNG\r\n\x1a\n")
	b = append(b, pngChunk("IHDR", header)...)
	b = append(b, pngChunk("IDAT", data)...)
	return append(b, pngChunk("IEND", nil)...)
}

// hollowTIFF has strips of so many rows, all at one place with zeros.
func hollowTIFF(width, height, rows int, data []byte) []byte {
	strips := (height + rows - 1) / rows
	long := binary.LittleEndian.AppendUint32
	b := []byte("II*\x00")
	b = long(b, 8)
	const entries = 8
	table := uint32(8 + 2 + 12*entries + 4)
	at := table + 8*uint32(strips)
	b = binary.LittleEndian.AppendUint16(b, entries)
	offset := func(value uint32, place uint32) uint32 {
		if strips == 1 {
			return value
		}
		return place
	}
	for _, e := range [][3]uint32{
		{256, 1, uint32(width)}, {257, 1, uint32(height)}, {258, 1, 8}, {259, 1, 8}, {262, 1, 1},
		{273, uint32(strips), offset(at, table)}, {278, 1, uint32(rows)}, {279, uint32(strips), offset(uint32(len(data)), table+4*uint32(strips))},
	} {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, 4)
		b = long(long(b, e[1]), e[2])
	}
	b = long(b, 0)
	for range strips {
		b = long(b, at)
	}
	for range strips {
		b = long(b, uint32(len(data)))
	}
	return append(b, data...)
}

func hollowGIF(width, height int) []byte {
	b := []byte("GIF89a")
	b = binary.LittleEndian.AppendUint16(b, uint16(width))
	b = binary.LittleEndian.AppendUint16(b, uint16(height))
	b = append(b, 0x80, 0, 0, 0, 0, 0, 255, 255, 255)
	for range 1000 {
		b = append(b, '!', 0xfe, 255)
		b = append(b, make([]byte, 255)...)
		b = append(b, 0)
	}
	b = append(b, ',', 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(width))
	b = binary.LittleEndian.AppendUint16(b, uint16(height))
	return append(b, 0, 2, 1, 0x0c, 0)
}

// smallerGIF has a screen of a size, and on it a whole picture that has a column less.
func smallerGIF(width, height int) []byte {
	var data bytes.Buffer
	w := lzw.NewWriter(&data, lzw.LSB, 2)
	row := make([]byte, width-1)
	for range height {
		w.Write(row)
	}
	w.Close()
	b := hollowGIF(width-1, height)
	b = b[:len(b)-len("\x02\x01\x0c\x00")]
	binary.LittleEndian.PutUint16(b[6:], uint16(width))
	b = append(b, 2)
	for data.Len() > 0 {
		part := data.Next(255)
		b = append(append(b, byte(len(part))), part...)
	}
	return append(b, 0, ';')
}

func hollowBMP(width, height uint32) []byte {
	b := []byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00")
	b = binary.LittleEndian.AppendUint32(b, width)
	b = binary.LittleEndian.AppendUint32(b, height)
	b = append(b, 1, 0, 24, 0)
	return append(b, make([]byte, 24)...)
}

// hollowWebP has a lossless image, or a frame around one, of a size.
func hollowWebP(width, height int, frame bool) []byte {
	w, h := width-1, height-1
	body := []byte{0x2f, byte(w), byte(w>>8) | byte(h<<6), byte(h >> 2), byte(h >> 10)}
	body = append(body, make([]byte, 1000)...)
	var b []byte
	if frame {
		b = append(b, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
		b = append(b, byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16))
		b = append(b, "ALPH"...)
		b = binary.LittleEndian.AppendUint32(b, 100)
		b = append(b, 1)
		b = append(b, make([]byte, 99)...)
	}
	b = append(b, "VP8L"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	riff := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(b)+4))
	return append(append(riff, "WEBP"...), b...)
}

// hollowAnimation has a canvas of a size, and on it a lossless picture at a place.
func hollowAnimation(width, height int, picture []byte, x, y int) []byte {
	int24 := func(b []byte, v int) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16)) }
	head := int24(int24([]byte{2, 0, 0, 0}, width-1), height-1)
	frame := int24(int24(nil, x/2), y/2)
	frame = append(append(frame, make([]byte, 10)...), picture[len("RIFF----WEBP"):]...) // the rest of the head says nothing that is read
	b := []byte("WEBPVP8X")
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(head))), head...)
	b = append(b, "ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00ANMF"...)
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(frame))), frame...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(b))), b...)
}

// A picture of an animation may be anywhere on its canvas, and nowhere else.
func TestPictureOutsideOfAnimation(t *testing.T) {
	lossless := pictures(t)["lossless.webp"] // 33x21
	for _, at := range [][2]int{{0, 0}, {6, 4}, {8, 4}, {6, 6}, {1 << 24, 0}} {
		m, err := Decode(hollowAnimation(40, 26, lossless, at[0], at[1]))
		inside := at[0]+33 <= 40 && at[1]+21 <= 26
		if inside != (err == nil) || inside && (m.Width != 40 || m.Height != 26) {
			t.Errorf("at %v: %dx%d pixels, error %v", at, m.Width, m.Height, err)
		}
	}
}

// hostile yields small files that claim much, of all formats.
func hostile() map[string]func() []byte {
	files := map[string]func() []byte{}
	for _, sof := range []byte{0xc0, 0xc2, 0xc9, 0xca} {
		for _, size := range [][3]int{{65535, 65535, 3}, {7000, 7000, 1}, {5000, 5000, 3}, {65535, 100, 4}, {1, 65535, 3}} {
			files[fmt.Sprintf("jpeg-%#x-%v", sof, size)] = func() []byte { return hollowJPEG(sof, size[0], size[1], size[2], 1) }
		}
		files[fmt.Sprintf("jpeg-scans-%#x", sof)] = func() []byte { return hollowJPEG(sof, 4000, 4000, 3, 3000) }
	}
	files["png-long-chunk"] = func() []byte { return []byte("\x89PNG\r\n\x1a\n\x80\x00\x00\x00IDAT1234") }
	files["jpeg-runs"] = func() []byte { return endlessRuns(6000, 10000) }
	many := zeros(150 << 20)
	for _, side := range []int{100, 4000, 4600, 1 << 30} {
		for _, kind := range [][3]byte{{16, 6, 0}, {16, 6, 1}, {8, 2, 0}, {1, 0, 0}} {
			files[fmt.Sprintf("png-%d-%v", side, kind)] = func() []byte { return hollowPNG(side, side, kind[0], kind[1], kind[2], many) }
		}
	}
	for _, strips := range [][3]int{{1, 300000, 1}, {3000, 3000, 3000}, {3500, 3500, 1}, {60000, 60000, 60000}, {8, 1 << 20, 1}} {
		files[fmt.Sprint("tiff-", strips)] = func() []byte { return hollowTIFF(strips[0], strips[1], strips[2], many) }
	}
	for _, side := range []int{100, 9000, 16383, 65535} {
		files[fmt.Sprint("gif-", side)] = func() []byte { return hollowGIF(side, side) }
		files[fmt.Sprint("bmp-", side)] = func() []byte { return hollowBMP(uint32(side), uint32(side)) }
		files[fmt.Sprint("ppm-", side)] = func() []byte { return fmt.Appendf(nil, "P6 %d %d 255\n", side, side) }
	}
	for _, side := range []int{6900, 9000} {
		files[fmt.Sprint("gif-smaller-", side)] = func() []byte { return smallerGIF(side, side) }
	}
	files["bmp-negative"] = func() []byte { return hollowBMP(1<<31-1, 1<<31) }
	files["ppm-digits"] = func() []byte { return append([]byte("P6 "), bytes.Repeat([]byte("9"), 1<<20)...) }
	files["ppm-comments"] = func() []byte { return append([]byte("P3 "), bytes.Repeat([]byte("#\n"), 1<<20)...) }
	for _, side := range []int{2000, 4600, 16384} {
		files[fmt.Sprint("webp-", side)] = func() []byte { return hollowWebP(side, side, false) }
		files[fmt.Sprint("webp-frame-", side)] = func() []byte { return hollowWebP(side, side, true) }
		files[fmt.Sprint("webp-animation-", side)] = func() []byte { return hollowAnimation(side, side, hollowWebP(side-2, side-2, false), 2, 2) }
	}
	return files
}

// No file takes more memory than 512 MB with the process around it, however much it
// claims, or minutes of time.
func TestHostileFiles(t *testing.T) {
	sizedtest.Process(t, limit, 10*time.Minute, func(t *testing.T) {
		for name, make := range hostile() {
			text := make()
			debug.FreeOSMemory() // what the last file left is not this one's
			began := time.Now()
			m, err := Decode(text)
			took := time.Since(began)
			if took > longest {
				t.Errorf("%s takes %v", name, took)
			}
			if took > time.Second {
				t.Logf("%s of %d bytes: %dx%d pixels, error %v after %v", name, len(text), m.Width, m.Height, err, took.Round(time.Millisecond))
			}
		}
	})
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzDecode(f *testing.F) {
	for _, text := range pictures(f) {
		if len(text) < 3000 {
			f.Add(text)
		}
	}
	for _, text := range [][]byte{hollowJPEG(0xc2, 70, 50, 3, 3), endlessRuns(64, 3), hollowTIFF(8, 40, 1, zeros(100)), hollowGIF(9, 9), smallerGIF(9, 9), hollowBMP(9, 9), hollowWebP(9, 9, true), hollowAnimation(9, 9, hollowWebP(5, 7, false), 2, 2)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sizedtest.Within(t, text, func() {
			m, err := Decode(text)
			if err == nil && (m.Width < 1 || m.Height < 1 || len(m.Pix) != m.Width*m.Height*channels) {
				t.Errorf("an image of %dx%d pixels has %d values", m.Width, m.Height, len(m.Pix))
			}
		})
	})
}
