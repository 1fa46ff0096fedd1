// Package tensorboard writes event files that TensorBoard shows: numbers and
// pictures over the steps of a training. It has what the benchmarks need of the
// format, which is a sequence of records (length, checksum, data, checksum)
// whose data are protocol buffers of the type tensorflow.Event.
package tensorboard

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Writer writes an event file. It is not safe for concurrent use.
type Writer struct {
	out io.Writer
	now func() time.Time
}

// NewWriter returns a writer of events to out. Of what earlier files in the same
// folder say, TensorBoard forgets the steps from the given one on: what resumes
// there repeats them.
func NewWriter(out io.Writer, step int) (*Writer, error) {
	return newWriter(out, step, time.Now)
}

func newWriter(out io.Writer, step int, now func() time.Time) (*Writer, error) {
	w := &Writer{out, now}
	if err := w.event(0, message{}.text(fieldFileVersion, "brain.Event:2")); err != nil {
		return nil, err
	}
	start := message{}.varint(fieldStatus, sessionStart)
	return w, w.event(step, message{}.bytes(fieldSessionLog, start))
}

// Scalar records a number.
func (w *Writer) Scalar(step int, tag string, value float32) error {
	return w.summary(step, message{}.text(fieldTag, tag).float(fieldSimpleValue, value))
}

// Image records a picture.
func (w *Writer) Image(step int, tag string, img image.Image) error {
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, img); err != nil {
		return err
	}
	const rgb = 3
	picture := message{}.varint(fieldHeight, uint64(img.Bounds().Dy())).varint(fieldWidth, uint64(img.Bounds().Dx())).
		varint(fieldColorspace, rgb).bytes(fieldEncoded, encoded.Bytes())
	return w.summary(step, message{}.text(fieldTag, tag).bytes(fieldImage, picture))
}

func (w *Writer) summary(step int, value message) error {
	return w.event(step, message{}.bytes(fieldSummary, message{}.bytes(fieldValue, value)))
}

// event writes a record with an event of which what is the content.
func (w *Writer) event(step int, what message) error {
	seconds := float64(w.now().UnixNano()) / 1e9
	event := message{}.double(fieldWallTime, seconds).varint(fieldStep, uint64(step))
	if _, err := w.out.Write(record(append(event, what...))); err != nil {
		return fmt.Errorf("cannot write TensorBoard's events: %w", err)
	}
	return nil
}

// File is a [Writer] to a file of its own.
type File struct {
	*Writer
	file *os.File
}

// Create makes a new event file in a folder, which TensorBoard calls a run, and
// makes the folder if need be. Step is that of [NewWriter].
func Create(folder string, step int) (*File, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the folder of TensorBoard's events: %w", err)
	}
	// TensorBoard reads the files of a folder in the order of their names.
	name := fmt.Sprintf("events.out.tfevents.%020d.autodropout", time.Now().UnixNano())
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot make TensorBoard's event file: %w", err)
	}
	w, err := NewWriter(file, step)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &File{w, file}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }
