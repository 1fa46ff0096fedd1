package data

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Remote is a file that can be downloaded.
type Remote struct {
	// Name is the name of the file in the cache, after that of a folder and a
	// slash if it is to be in one.
	Name string
	// URLs lists mirrors, to be tried in this order.
	URLs []string
	// Size is the number of bytes; 0 means that mirrors are to be asked.
	Size int64
	// SHA256 or MD5 is the checksum, in hexadecimal.
	SHA256, MD5 string
}

// checksum returns the name of the checksum, what computes it, and its value.
func (r *Remote) checksum() (name string, sum hash.Hash, want string) {
	if r.SHA256 != "" {
		return "sha256", sha256.New(), r.SHA256
	}
	return "md5", md5.New(), r.MD5
}

// CIFAR10 is the original archive of the binary version of CIFAR-10.
var CIFAR10 = Remote{
	Name: "cifar-10-binary.tar.gz",
	URLs: []string{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"},
	Size: 170052171,
	MD5:  "c32a1d4ab5d03f1284b67883e8d87530",
}

// DownloadConfig says where and how to download. Its zero value is sensible.
type DownloadConfig struct {
	// Dir is the folder for the files; "" means [CacheDir].
	Dir string
	// Client makes the requests; nil means http.DefaultClient.
	Client *http.Client
	// Flag is the flag by which users of a program name data, such as "-data"; sentences
	// about which data was found and why mention it. "" says "the name".
	Flag string
	// Progress, if not nil, is told now and then how many of how many bytes are
	// there.
	Progress func(done, total int64)
	// Attempts is how often a mirror is asked; 0 means 5.
	Attempts int
	// Backoff is the pause after the first failed attempt; it doubles with each;
	// 0 means a second.
	Backoff time.Duration
	// Stall is how long a mirror may send nothing; 0 means a minute.
	Stall time.Duration
}

func (c DownloadConfig) withDefaults() DownloadConfig {
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if c.Progress == nil {
		c.Progress = func(done, total int64) {}
	}
	if c.Attempts == 0 {
		c.Attempts = 5
	}
	if c.Backoff == 0 {
		c.Backoff = time.Second
	}
	if c.Stall == 0 {
		c.Stall = time.Minute
	}
	return c
}

// Folder returns the folder for the files. Programs call it only when they need the folder:
// services and batch queues start programs without a home folder.
func (c DownloadConfig) Folder() (string, error) {
	if c.Dir != "" {
		return c.Dir, nil
	}
	return CacheDir()
}

// CacheDir returns the folder for downloaded data: the environment variable
// AUTODROPOUT_DATA, or autodropout in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv("AUTODROPOUT_DATA"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("data: no folder for downloads: set AUTODROPOUT_DATA to one (%w)", err)
	}
	return filepath.Join(dir, "autodropout"), nil
}

// Download returns the path of r in the cache, and downloads it over HTTPS if it is not
// there. Received bytes are kept in a file ending in .part, so that a later attempt or run
// continues from there; only a file of the right size and checksum gets its final name. If
// no mirror helps, the error lists what each said, and where to put a file from elsewhere.
func Download(ctx context.Context, r Remote, cfg DownloadConfig) (path string, err error) {
	dir, err := cfg.Folder()
	if err != nil {
		return "", err
	}
	d := download{Remote: r, cfg: cfg.withDefaults(), path: filepath.Join(dir, filepath.FromSlash(r.Name))}
	if there, err := d.cached(); there || err != nil {
		return d.path, err
	}
	if err := os.MkdirAll(filepath.Dir(d.path), 0o755); err != nil {
		return "", fmt.Errorf("data: cannot create the folder for downloads (AUTODROPOUT_DATA chooses another): %w", err)
	}
	unlock, err := Lock(d.path + ".lock")
	if err != nil {
		return "", fmt.Errorf("data: cannot download %s: %w", r.Name, err)
	}
	defer unlock()
	// Another process may have finished it before the lock was free.
	if there, err := d.cached(); there || err != nil {
		return d.path, err
	}
	if err := d.fromMirrors(ctx); err != nil {
		return "", err
	}
	return d.path, nil
}

// A download is one call of Download.
type download struct {
	Remote
	cfg  DownloadConfig
	path string
}

func (d *download) partPath() string { return d.path + ".part" }

// cached reports whether the file is in the cache. A file that is there but
// wrong is an error: it may be somebody's, so it is not replaced.
func (d *download) cached() (bool, error) {
	if _, err := os.Stat(d.path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := d.verify(d.path); err != nil {
		return false, fmt.Errorf("data: %s is not the right file (%w): delete it to have it downloaded", d.path, err)
	}
	return true, nil
}

// verify checks the size and the checksum of a file.
func (d *download) verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	name, sum, want := d.checksum()
	var content io.Reader = f
	if d.Size > 0 {
		content = io.LimitReader(f, d.Size+1)
	}
	n, err := io.Copy(sum, content)
	if err != nil {
		return err
	}
	if d.Size > 0 && n != d.Size {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return fmt.Errorf("it has %d bytes, expected %d", info.Size(), d.Size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("its %s is %s, expected %s", name, got, want)
	}
	return nil
}

// fromMirrors asks one mirror after the other.
func (d *download) fromMirrors(ctx context.Context) error {
	var said []string
	for _, url := range d.URLs {
		err := d.fromMirror(ctx, url)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("data: the download of %s was stopped; what has arrived is kept for the next time: %w", d.Name, context.Cause(ctx))
		}
		said = append(said, fmt.Sprintf("%s: %v", url, err))
		if isLocal(err) {
			break // another mirror will not help
		}
	}
	name, _, sum := d.checksum()
	size := ""
	if d.Size > 0 {
		size = fmt.Sprintf("%d bytes, ", d.Size)
	}
	return fmt.Errorf("data: cannot download %s (%s); get the file (%s%s %s) some other way and put it at %s",
		d.Name, strings.Join(said, "; "), size, name, sum, d.path)
}

// checkSpace makes sure that what is missing fits on the disk.
func (d *download) checkSpace() error {
	missing := d.Size
	if info, err := os.Stat(d.partPath()); err == nil {
		missing -= info.Size()
	}
	dir := filepath.Dir(d.path)
	if free, ok := freeSpace(dir); ok && free < missing {
		return localError{fmt.Errorf("it needs %d bytes more in %s, which has only %d free: make room, or set AUTODROPOUT_DATA to another folder",
			missing, dir, free)}
	}
	return nil
}

// fromMirror asks one mirror until it has sent the whole file.
func (d *download) fromMirror(ctx context.Context, url string) error {
	pause := d.cfg.Backoff
	sized := *d
	for attempt := 1; ; attempt++ {
		err := sized.attempt(ctx, url)
		if err == nil || !isTemporary(err) || attempt >= d.cfg.Attempts {
			return err
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// attempt receives what is missing, verifies the whole and gives it its name. Where
// the size is not known it is the one that the mirror says.
func (d *download) attempt(ctx context.Context, url string) (err error) {
	if d.Size == 0 {
		if d.Size, err = d.askSize(ctx, url); err != nil {
			return err
		}
	}
	if err := d.checkSpace(); err != nil {
		return err
	}
	resumed, err := d.receive(ctx, url)
	if err != nil {
		return err
	}
	if err := d.verify(d.partPath()); err != nil {
		// Bytes from earlier may be to blame: then a fresh start can help.
		if rmErr := os.Remove(d.partPath()); rmErr != nil {
			return localError{rmErr}
		}
		err = fmt.Errorf("the file it sent is wrong: %w", err)
		if resumed {
			return temporaryError{err}
		}
		return err
	}
	if err := os.Rename(d.partPath(), d.path); err != nil {
		return localError{err}
	}
	return nil
}
