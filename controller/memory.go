package controller

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"autodropout/internal/disk"
	"autodropout/internal/sealed"
	"autodropout/optim"
)

// A network takes about a millisecond to learn from a result, so that a long log would
// take minutes to replay. Beside the log of a search that learns there is therefore a
// file with what the network has become, and from which lines of the log. Where it fits
// the log, these lessons are not repeated; the log stays all that a search needs.

// memorySuffix is what the file's name has behind that of the log.
const memorySuffix = ".learned"

// memoryEvery is how many lessons lie between two writes of the file. Tests have fewer.
var memoryEvery = 1000

// memory is what a network has learned: its weights and its optimizer's moments.
type memory struct {
	memoryLine
	floats []float32
}

// memoryLine is the first line of the file. The numbers follow it, little-endian.
type memoryLine struct {
	LogSize int    `json:"log_size"` // the bytes of the log whose results were learned from
	Log     string `json:"log"`      // their SHA-256
	Lessons int    `json:"lessons"`
	Steps   int    `json:"steps"`  // of the optimizer
	Floats  string `json:"floats"` // the SHA-256 of the numbers
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// encode returns the file.
func (m *memory) encode() []byte {
	numbers := make([]byte, 0, 4*len(m.floats))
	for _, v := range m.floats {
		numbers = binary.LittleEndian.AppendUint32(numbers, math.Float32bits(v))
	}
	m.Floats = digest(numbers)
	return append(encode(m.memoryLine), numbers...)
}

// parseMemory reads the file beside a log.
func parseMemory(data, log []byte) (*memory, error) {
	first, numbers, _ := bytes.Cut(data, []byte{'\n'})
	content, err := sealed.Open(first)
	if err != nil {
		return nil, err
	}
	m := &memory{}
	if err := json.Unmarshal(content, &m.memoryLine); err != nil {
		return nil, err
	}
	switch {
	case len(numbers)%4 != 0 || digest(numbers) != m.Floats:
		return nil, errors.New("its numbers are not what was written")
	case m.LogSize < 0 || m.LogSize > len(log) || digest(log[:m.LogSize]) != m.Log:
		return nil, errors.New("it is of another log")
	case m.Lessons < 1 || m.Steps < 0:
		return nil, fmt.Errorf("it is of %d lessons and %d steps", m.Lessons, m.Steps)
	}
	m.floats = make([]float32, len(numbers)/4)
	for i := range m.floats {
		m.floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(numbers[4*i:]))
	}
	return m, nil
}

// slots are the numbers that a memory has, one after another.
func (l *learner) slots() [][]float32 {
	slots := [][]float32{l.network.params.Flat()}
	for _, s := range l.optimizer.State().Slots {
		slots = append(slots, s.Data)
	}
	return slots
}

// floats is how many numbers that are.
func (l *learner) floats() (n int) {
	for _, s := range l.slots() {
		n += len(s)
	}
	return n
}

// remember returns what the network has learned.
func (l *learner) remember() *memory {
	m := &memory{floats: slices.Concat(l.slots()...)}
	m.Lessons, m.Steps = l.lessons, l.optimizer.State().Steps
	return m
}

// recall makes the network what it was.
func (l *learner) recall(m *memory) {
	rest := m.floats
	for _, s := range l.slots() {
		rest = rest[copy(s, rest):]
	}
	state := l.optimizer.State()
	if err := l.optimizer.LoadState(optim.State{Steps: m.Steps, Slots: state.Slots}); err != nil {
		panic(err) // its own slots fit
	}
}

// readMemory returns what the file beside a log remembers, nil where it is not there or
// of no use: that costs the time of the lessons, and nothing else.
func readMemory(d disk.Disk, path string, log []byte) *memory {
	data, err := disk.ReadFile(d, path+memorySuffix)
	if err != nil {
		return nil
	}
	m, err := parseMemory(data, log)
	if err != nil {
		return nil
	}
	return m
}

// remember writes the file if the network has learned much since the last time. All
// that it has learned from is in the log by now.
func (s *search) remember() error {
	l := s.state.learner()
	if s.log == nil || l == nil || l.lessons < s.remembered+memoryEvery {
		return nil
	}
	m := l.remember()
	m.LogSize, m.Log = s.log.size, hex.EncodeToString(s.log.sum.Sum(nil))
	s.remembered = l.lessons
	return disk.WriteFile(s.state.config.Disk, s.state.config.Path+memorySuffix, m.encode())
}
