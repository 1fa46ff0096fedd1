package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"autodropout/data/picture"
	"autodropout/internal/glob"
	"autodropout/internal/parquetfile"
	"autodropout/internal/sized"
)

// parquetFiles lists the Parquet files that path is, has, or has in a folder; none if it
// is something else.
func parquetFiles(path string) ([]string, error) {
	if strings.HasSuffix(path, ".parquet") {
		return nil, fmt.Errorf("data: %s is a single file: give the folder that holds it and the other parts, whose names begin with train and test", path)
	}
	for _, pattern := range []string{"*.parquet", "*/*.parquet"} {
		if files := glob.In(path, pattern); len(files) > 0 {
			return files, nil
		}
	}
	return nil, nil
}

// loadParquet reads files of a data set of Hugging Face.
func loadParquet(path string, files []string) (train, test *Set, err error) {
	parts := map[string]*Set{"train": {}, "test": {}, "valid": {}}
	for _, file := range files {
		for prefix, part := range parts {
			if !strings.HasPrefix(filepath.Base(file), prefix) {
				continue
			}
			if err := readParquet(file, part); err != nil {
				return nil, nil, fmt.Errorf("data: %w", err)
			}
		}
	}
	other := parts["test"]
	if other.Len() == 0 {
		other = parts["valid"]
	}
	if train, test, err = newSets(nameOf(path), parts["train"], other); err != nil {
		return nil, nil, fmt.Errorf("data: the Parquet files in %s: %w", path, err)
	}
	return train, test, nil
}

// A parquetImage is a row: an image in a file, and its class.
type parquetImage struct {
	image []byte
	label int64
}

// readParquet adds the images of a file to a set.
func readParquet(file string, to *Set) error {
	_, err := sized.ReadFile(file, func(f *os.File, size int64) (none struct{}, err error) { return none, parseParquet(f, size, to) })
	return err
}

func parseParquet(r io.ReaderAt, size int64, to *Set) error {
	p, err := parquetfile.Open(r, size)
	if err != nil {
		return fmt.Errorf("it is damaged or no Parquet file: %w", err)
	}
	image, label, err := parquetColumns(p.File)
	if err != nil {
		return err
	}
	about, _ := p.Lookup("huggingface")
	if names := classNames(about); names != nil {
		to.Classes = names
	}
	budget := sized.NewBudget(size)
	for group := range p.RowGroups() {
		if err := readRows(p, group, image, label, func(row parquetImage) error { return to.add(row, budget) }); err != nil {
			return err
		}
	}
	return nil
}

// parquetColumns returns the numbers of the columns of images and labels. It checks
// what the reader would read as other values, or as none.
func parquetColumns(p *parquet.File) (image, label int, err error) {
	image, label = -1, -1
	for i, path := range p.Schema().Columns() {
		column, _ := p.Schema().Lookup(path...)
		kind := column.Node.Type().Kind()
		switch {
		case column.MaxRepetitionLevel > 0:
		case len(path) == 2 && path[1] == "bytes" && kind == parquet.ByteArray && image < 0:
			image = i
		case len(path) == 1 && (path[0] == "label" || path[0] == "fine_label") && (kind == parquet.Int64 || kind == parquet.Int32):
			label = i
		}
	}
	if image < 0 || label < 0 {
		return 0, 0, fmt.Errorf("it has no column of images, a struct with bytes, or none of labels, label or fine_label: its columns are %v", p.Schema().Columns())
	}
	return image, label, nil
}

// classNames returns the names of the classes in what Hugging Face says of a file, nil where
// there are none. Features of nested values have other forms than labels.
func classNames(about string) []string {
	var said struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if json.Unmarshal([]byte(about), &said) != nil {
		return nil
	}
	for _, key := range []string{"fine_label", "label"} {
		var label struct {
			Names []string `json:"names"`
		}
		if json.Unmarshal(said.Info.Features[key], &label) == nil && len(label.Names) > 0 {
			return label.Names
		}
	}
	return nil
}

// readRows calls add with every row of a group.
func readRows(p *parquetfile.File, group, image, label int, add func(parquetImage) error) (err error) {
	var columns [2]parquetfile.Values
	for i, column := range []int{image, label} {
		if columns[i], err = p.Column(group, column); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, columns[i].Close()) }()
	}
	for at := range p.RowGroups()[group].NumRows() {
		var row [2]parquet.Value
		for i, column := range columns {
			if row[i], err = column.Next(); err != nil {
				return fmt.Errorf("it is damaged: row %d, counted from 0, is missing (%w)", at, err)
			}
		}
		one := parquetImage{label: -1}
		if v := row[0]; !v.IsNull() {
			one.image = v.ByteArray()
		}
		switch v := row[1]; v.Kind() {
		case parquet.Int32:
			one.label = int64(v.Int32())
		case parquet.Int64:
			one.label = v.Int64()
		}
		if err := add(one); err != nil {
			return fmt.Errorf("row %d, counted from 0: %w", at, err)
		}
	}
	return nil
}

// add adds an image.
func (s *Set) add(row parquetImage, budget *sized.Budget) error {
	if row.image == nil {
		return errors.New("the image is not in the file, which names one on another machine's disk: save the data set with its images in it")
	}
	if row.label < 0 || row.label > 255 {
		return fmt.Errorf("the label is %d: labels are the numbers of classes, from 0 to 255", row.label)
	}
	m, err := picture.Decode(row.image)
	if err != nil {
		return err
	}
	if s.Len() == 0 {
		s.Width, s.Height = m.Width, m.Height
	}
	if m.Width != s.Width || m.Height != s.Height {
		return fmt.Errorf("the image has %d x %d pixels, the first one %d x %d: all must have one size (photographs of many sizes go in folders, for the program imagenet)", m.Width, m.Height, s.Width, s.Height)
	}
	if err := budget.Keep(int64(len(m.Pix))); err != nil {
		return err
	}
	s.Images = append(s.Images, m.Pix...)
	s.Labels = append(s.Labels, uint8(row.label))
	return nil
}
