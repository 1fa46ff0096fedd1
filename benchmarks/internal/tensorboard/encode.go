package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// The fields of event.proto and summary.proto that are used.
const (
	fieldWallTime    = 1 // of Event
	fieldStep        = 2
	fieldFileVersion = 3
	fieldSummary     = 5
	fieldSessionLog  = 7

	fieldStatus  = 1 // of SessionLog
	sessionStart = 1

	fieldValue = 1 // of Summary

	fieldTag         = 1 // of Summary.Value
	fieldSimpleValue = 2
	fieldImage       = 4

	fieldHeight     = 1 // of Summary.Image
	fieldWidth      = 2
	fieldColorspace = 3
	fieldEncoded    = 4
)

// The wire types of protocol buffers.
const (
	wireVarint = 0
	wireDouble = 1
	wireBytes  = 2
	wireFloat  = 5
)

// message is an encoded protocol buffer; its methods append a field. A number
// that is 0 is left out, which is what a field that is missing stands for.
type message []byte

func (m message) key(field, wire int) message {
	return binary.AppendUvarint(m, uint64(field<<3|wire))
}

func (m message) varint(field int, v uint64) message {
	if v == 0 {
		return m
	}
	return binary.AppendUvarint(m.key(field, wireVarint), v)
}

func (m message) double(field int, v float64) message {
	return binary.LittleEndian.AppendUint64(m.key(field, wireDouble), math.Float64bits(v))
}

func (m message) float(field int, v float32) message {
	return binary.LittleEndian.AppendUint32(m.key(field, wireFloat), math.Float32bits(v))
}

func (m message) bytes(field int, v []byte) message {
	return append(binary.AppendUvarint(m.key(field, wireBytes), uint64(len(v))), v...)
}

func (m message) text(field int, v string) message { return m.bytes(field, []byte(v)) }

// record frames data as TFRecord files do.
func record(data []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	out = binary.LittleEndian.AppendUint32(out, maskedCRC(out))
	out = append(out, data...)
	return binary.LittleEndian.AppendUint32(out, maskedCRC(data))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC returns CRC-32C, rotated and shifted so that a checksum of data that
// holds checksums is not degenerate.
func maskedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}
