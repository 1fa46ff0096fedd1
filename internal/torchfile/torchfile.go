// Package torchfile reads the tensors of files that PyTorch's torch.save wrote:
// a state_dict, or dictionaries, lists and modules that hold some, such as a
// checkpoint of a training. Three formats are read: the archive of PyTorch 1.6 and
// later, the one before, and the tar of PyTorch 0.1.
//
// Such a file is a Python pickle, which can run any program when Python loads
// it. Here nothing runs: what is neither a tensor nor a number, text or
// container is passed over. A tensor that has no meaning as float32, such as a
// sparse or a complex one, is left out and named. What a reader keeps and does is
// bounded by the size of the file.
package torchfile

import (
	"archive/zip"
	"bytes"
	"io"

	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
)

// Read returns the tensors of a file of the given size in bytes, converted to float32. A
// tensor inside dictionaries is named by the keys that lead to it, with dots
// between them: "model.conv1.weight". Tensors of the same elements, such as tied
// weights, share their memory.
func Read(r io.ReaderAt, size int64) (*safetensors.File, error) {
	if err := sized.Check(size); err != nil {
		return nil, err
	}
	budget := sized.NewBudget(size)
	if archive, err := zip.NewReader(r, size); err == nil {
		return readArchive(archive, budget)
	}
	head := make([]byte, headLength)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if isTar(head[:n]) {
		return readTar(io.NewSectionReader(r, 0, size), budget)
	}
	return readLegacy(io.NewSectionReader(r, 0, size), budget)
}

// headLength is how many bytes [Looks] needs.
const headLength = 512

// Looks reports whether a file that begins with head, of 512 bytes where it has as
// many, can be one of torch.save before PyTorch 1.6.
func Looks(head []byte) bool {
	pickled := len(head) > 1 && head[0] == 0x80 && head[1] <= 5
	return pickled || bytes.HasPrefix(head, []byte("L"+legacyMagic+"L\n")) || isTar(head)
}

// isTar reports whether a file that begins with head is a tar archive.
func isTar(head []byte) bool { return len(head) >= 262 && string(head[257:262]) == "ustar" }

// LooksArchive reports whether an archive that is a zip is one of torch.save.
func LooksArchive(archive *zip.Reader) bool { return description(archive) != nil }
