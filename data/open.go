package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OpenConfig configures what [Open], [OpenPTB] and [OpenWikiText2] may have to
// do. Its zero value is sensible.
type OpenConfig struct {
	// Synthetic describes the built-in set of images.
	Synthetic SyntheticConfig
	// Language describes the built-in language.
	Language LanguageConfig
	// Download says where downloaded files are, and how to get them.
	Download DownloadConfig
}

// Open returns the training and test set that name stands for, and a sentence
// for people that says which data it is and why:
//
//	auto       CIFAR-10 if it is in the cache, otherwise the built-in set;
//	           never uses the network
//	synthetic  the built-in set, see [Synthetic]
//	cifar10    CIFAR-10, downloaded into the cache if it is not there, as are
//	           others of [ImageNames]
//	a path     images in a file or folder, see [LoadImages]
//
// A folder or file called auto, synthetic or cifar10 is reached as ./auto.
func Open(ctx context.Context, name string, cfg OpenConfig) (train, test *Set, about string, err error) {
	set := imageSets[0]
	for _, s := range imageSets {
		if s.Key == name {
			set = s
		}
	}
	path, why, err := set.Find(ctx, name, cfg.Download)
	if err != nil {
		return nil, nil, "", err
	}
	if path == "" {
		if train, test, err = Synthetic(cfg.Synthetic); err != nil {
			return nil, nil, "", err
		}
		about = fmt.Sprintf("The data is the built-in synthetic set, not %s (%d training and %d test images drawn from seed %d), %s.",
			set.Title, train.Len(), test.Len(), cfg.Synthetic.Seed, why)
		return train, test, about, nil
	}
	if train, test, err = set.load(path); err != nil {
		return nil, nil, "", err
	}
	title := strings.TrimSuffix(train.Name, " training")
	if slices.ContainsFunc(imageSets, func(s imageSet) bool { return strings.HasPrefix(title, s.Title) }) {
		title = "the real " + title
	}
	about = fmt.Sprintf("The data is %s (%d training and %d test images of %d classes) from %s, %s.",
		title, train.Len(), test.Len(), len(train.Classes), path, why)
	return train, test, about, nil
}

// An Original is real data that a program can be told to use by a name.
type Original struct {
	Key, Title string   // "cifar10", "CIFAR-10"
	Places     []Place  // in the cache
	Remotes    []Remote // that make it up
}

// A Place is a place in the cache where data may be.
type Place struct {
	Path  string
	Files []string // that must be in the folder Path; nil: Path alone says enough
}

// imageSet is a set of images that [Open] knows by a name.
type imageSet struct {
	Original
	load func(path string) (train, test *Set, err error)
}

// imageSets are all of them. The first is the one that auto looks for.
var imageSets = []imageSet{{cifarOriginal, LoadImages}}

// ImageNames returns the names by which [Open] knows real images.
func ImageNames() (names []string) {
	for _, s := range imageSets {
		names = append(names, s.Key)
	}
	return names
}

var cifarOriginal = Original{
	Key: "cifar10", Title: "CIFAR-10",
	Places:  []Place{{Path: cifarFolder}, {Path: CIFAR10.Name}},
	Remotes: []Remote{CIFAR10},
}

// Find returns the path of the data that name stands for: auto, synthetic, the key
// of the original, or a path, see [Open]; "" is the built-in data. It also returns
// the reason, in the words of cfg.Flag.
func (o *Original) Find(ctx context.Context, name string, cfg DownloadConfig) (path, why string, err error) {
	called := cmp.Or(cfg.Flag, "the name")
	as := func(name string) string { return fmt.Sprintf("as %s %s asks", called, name) }
	switch name {
	case "synthetic":
		return "", as(name), nil
	case "auto":
		dir, err := cfg.Folder()
		if err != nil {
			return "", fmt.Sprintf("chosen by %s auto because there is no folder where %s could be (%v)", called, o.Title, err), nil
		}
		if path, err = o.cached(dir); path != "" || err != nil {
			return path, fmt.Sprintf("found in the cache by %s auto", called), err
		}
		return "", fmt.Sprintf("chosen by %s auto because there is no %s in %s; %[1]s %[4]s downloads it", called, o.Title, dir, o.Key), nil
	case o.Key:
		dir, err := cfg.Folder()
		if err != nil {
			return "", "", err
		}
		if path, err = o.cached(dir); path == "" && err == nil {
			path, err = o.download(ctx, dir, cfg)
		}
		return path, as(name), err
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("data: %s %q is neither auto, synthetic or %s nor a folder or file that exists", called, name, o.Key)
	}
	return name, fmt.Sprintf("as %s asks", called), nil
}

// cached returns where the data is in the cache, or "".
func (o *Original) cached(dir string) (string, error) {
	for _, p := range o.Places {
		path := filepath.Join(dir, p.Path)
		there, err := exists(path)
		for _, name := range p.Files {
			if there && err == nil {
				there, err = exists(filepath.Join(path, name))
			}
		}
		if err != nil {
			return "", fmt.Errorf("data: cannot look into the cache: %w", err)
		}
		if there {
			return path, nil
		}
	}
	return "", nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// download fetches what is missing into a folder and returns where the data is then.
func (o *Original) download(ctx context.Context, dir string, cfg DownloadConfig) (string, error) {
	for _, r := range o.Remotes {
		if _, err := Download(ctx, r, cfg); err != nil {
			return "", err
		}
	}
	return o.cached(dir)
}
