package data

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"autodropout/data/imaging"
	"autodropout/data/picture"
	"autodropout/internal/parallel"
)

// Photos are labelled photographs in files, a folder for each class. They are
// read and decoded whenever they are needed.
type Photos struct {
	header  Header
	dir     string
	folders []string // by class
	files   []photo
	bad     *badImages
	sums    []uint32 // of what is in the files; nil: nobody has looked
}

// photo is a file in the folder of its class.
type photo struct {
	class   int32
	name    string
	size    int64
	changed int64 // in seconds, as Unix counts them
}

// badImages remembers the images that could not be used.
type badImages struct {
	mu     sync.RWMutex
	byPath map[string]*BadImageError
}

// ImageNet's usual description: channels, and what a network for 224x224 pixels
// sees of a photograph.
var photosHeader = Header{
	Height: 224, Width: 224, Shorter: 256,
	Mean: [Channels]float32{0.485, 0.456, 0.406}, Std: [Channels]float32{0.229, 0.224, 0.225},
}

// LoadPhotos lists the photographs in a folder with ImageNet's layout:
// train/CLASS/NAME.JPEG and val/CLASS/NAME.JPEG, where the names end in one of
// [picture.Endings], in small or capital letters. Other files are ignored. Classes are the folders of the
// training part in alphabetical order. Batches have 224x224 pixels, unless
// [Resized] changes that.
//
// Only names, sizes and times are read now. Files that are no images of a format that
// [Photos.Load] knows are left out later, see [Photos.Bad].
func LoadPhotos(dir string) (train, valid *Photos, err error) {
	bad := &badImages{byPath: map[string]*BadImageError{}}
	name := filepath.Base(filepath.Clean(dir))
	train = &Photos{header: photosHeader, dir: filepath.Join(dir, "train"), bad: bad}
	train.header.Name = name + " training"
	if train.folders, err = classFolders(train.dir); err != nil {
		return nil, nil, err
	}
	train.header.Classes = train.folders
	valid = &Photos{header: train.header, dir: filepath.Join(dir, "val"), folders: train.folders, bad: bad}
	valid.header.Name = name + " validation"
	folders, err := classFolders(valid.dir)
	if err != nil {
		return nil, nil, err
	}
	for _, folder := range folders {
		if !slices.Contains(train.folders, folder) {
			return nil, nil, fmt.Errorf("data: %s is a class that %s does not have: remove it, or add images of it to train on", filepath.Join(valid.dir, folder), train.dir)
		}
	}
	if err := train.list(train.folders); err != nil {
		return nil, nil, err
	}
	return train, valid, valid.list(folders)
}

// OpenPhotos returns photographs to predict for, from files anywhere. Their batches are
// like those of [LoadPhotos]. Their labels are all 0 and mean nothing.
func OpenPhotos(paths ...string) *Photos {
	p := &Photos{header: photosHeader, folders: []string{""}, bad: &badImages{byPath: map[string]*BadImageError{}}}
	p.header.Name = "photographs"
	for _, path := range paths {
		p.files = append(p.files, photo{name: path})
	}
	return p
}

// classFolders names the folders in dir, in alphabetical order.
func classFolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("data: there is no folder %s: photographs are expected in train/CLASS and val/CLASS, as in ImageNet", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("data: cannot list photographs: %w", err)
	}
	var folders []string
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(dir, entry.Name())) // also follows links
		if errors.Is(err, fs.ErrNotExist) {
			continue // a link to nothing
		}
		if err != nil {
			return nil, fmt.Errorf("data: cannot list photographs: %w", err)
		}
		if info.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			folders = append(folders, entry.Name())
		}
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("data: %s has no folders: each class needs one with its photographs", dir)
	}
	return folders, nil
}

// list adds the files in the given folders of classes.
func (p *Photos) list(folders []string) error {
	for _, folder := range folders {
		class := slices.Index(p.folders, folder)
		entries, err := os.ReadDir(filepath.Join(p.dir, folder))
		if err != nil {
			return fmt.Errorf("data: cannot list photographs: %w", err)
		}
		before := len(p.files)
		for _, entry := range entries {
			if name := entry.Name(); !entry.IsDir() && isPhoto(name) {
				f := photo{class: int32(class), name: name}
				info, err := entry.Info()
				if err == nil && info.Mode()&fs.ModeSymlink != 0 {
					info, err = os.Stat(filepath.Join(p.dir, folder, name))
				}
				if err == nil { // otherwise Load will say what is wrong
					f.size, f.changed = info.Size(), info.ModTime().Unix()
				}
				p.files = append(p.files, f)
			}
		}
		if len(p.files) == before {
			return fmt.Errorf("data: %s has no photographs: their names end in %s", filepath.Join(p.dir, folder), strings.Join(picture.Endings, ", "))
		}
	}
	return nil
}

func isPhoto(name string) bool {
	return !strings.HasPrefix(name, ".") && slices.Contains(picture.Endings, strings.ToLower(filepath.Ext(name)))
}

// Header implements [Source].
func (p *Photos) Header() Header { return p.header }

// Len implements [Source].
func (p *Photos) Len() int { return len(p.files) }

// Label implements [Source].
func (p *Photos) Label(i int) int { return int(p.files[i].class) }

// Path returns the file of an image.
func (p *Photos) Path(i int) string {
	return filepath.Join(p.dir, p.folders[p.files[i].class], p.files[i].name)
}

// Checksum implements [Source]. It covers the names, sizes and times of change of the files,
// or after [Photos.ReadContents] their names and what is in them.
func (p *Photos) Checksum() uint32 {
	h := crc32.New(castagnoli)
	for i, f := range p.files {
		if p.sums != nil {
			fmt.Fprintf(h, "%s/%s %08x\n", p.folders[f.class], f.name, p.sums[i])
		} else {
			fmt.Fprintf(h, "%s/%s %d %d\n", p.folders[f.class], f.name, f.size, f.changed)
		}
	}
	return h.Sum32()
}

// ReadContents reads all files once, so that [Photos.Checksum] covers their contents:
// copies, which may have other times, have the same checksum, and files that were changed
// in secret have another. Files that cannot be read count as empty; Load says what is wrong
// with them.
func (p *Photos) ReadContents(ctx context.Context) error {
	sums := make([]uint32, len(p.files))
	parallel.For(len(sums), func(i int) {
		if ctx.Err() != nil {
			return
		}
		file, err := os.Open(p.Path(i))
		if err != nil {
			return
		}
		defer file.Close()
		if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
			return
		}
		h := crc32.New(castagnoli)
		if _, err := io.Copy(h, file); err == nil {
			sums[i] = h.Sum32()
		}
	})
	if ctx.Err() == nil {
		p.sums = sums
	}
	return ctx.Err()
}

// Load implements [Source]: it reads and decodes a file of any format that [picture.Decode]
// knows, whatever its name ends in. Grey images get three equal channels, transparency is
// ignored, and of 16 bits the upper 8 are kept. It returns a [*BadImageError] for anything
// that is no image or no file, for links to nothing, for files of more than 100 MB, and for
// images that need more memory than [picture.Budget].
func (p *Photos) Load(i int) (imaging.Image, error) {
	path := p.Path(i)
	p.bad.mu.RLock()
	known := p.bad.byPath[path]
	p.bad.mu.RUnlock()
	if known != nil {
		return imaging.Image{}, known
	}
	text, bad, err := readPhoto(path)
	if err != nil {
		return imaging.Image{}, fmt.Errorf("data: cannot read a photograph: %w", err)
	}
	var m imaging.Image
	if err = bad; err == nil {
		m, err = picture.Decode(text)
	}
	if err != nil {
		known = &BadImageError{path, err}
		p.bad.mu.Lock()
		p.bad.byPath[path] = known
		p.bad.mu.Unlock()
		return imaging.Image{}, known
	}
	return m, nil
}

// Bad returns the images, of both parts, that could not be used so far, in the
// order of their paths.
func (p *Photos) Bad() []*BadImageError {
	p.bad.mu.RLock()
	defer p.bad.mu.RUnlock()
	var list []*BadImageError
	for _, bad := range p.bad.byPath {
		list = append(list, bad)
	}
	slices.SortFunc(list, func(a, b *BadImageError) int { return strings.Compare(a.Path, b.Path) })
	return list
}

const longestPhoto = 100_000_000 // bytes

// readPhoto reads a file. Bad says what is wrong with this one, err that files cannot
// be read.
func readPhoto(path string) (text []byte, bad, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Lstat(path); there == nil {
			return nil, errors.New("it is a link to nothing"), nil
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file"), nil // opening a pipe would wait for ever
	}
	if info.Size() > longestPhoto {
		return nil, errTooLong, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	text = make([]byte, info.Size())
	n, err := io.ReadFull(f, text)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil // it has become shorter; decoding finds out
	}
	return text[:n], nil, err
}
