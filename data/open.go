package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// OpenConfig configures what [Open] may have to do. Its zero value is sensible.
type OpenConfig struct {
	// Synthetic describes the built-in set.
	Synthetic SyntheticConfig
	// Download says where downloaded files are, and how to get them.
	Download DownloadConfig
}

// Open returns the training and test set that name stands for, and a sentence
// for people that says which data it is and why:
//
//	auto       CIFAR-10 if it is in the cache, otherwise the built-in set;
//	           never uses the network
//	synthetic  the built-in set, see [Synthetic]
//	cifar10    CIFAR-10, downloaded into the cache if it is not there
//	a path     CIFAR-10 in a folder or archive, see [LoadCIFAR10]
//
// A folder or file called auto, synthetic or cifar10 is reached as ./auto.
func Open(ctx context.Context, name string, cfg OpenConfig) (train, test *Set, about string, err error) {
	if cfg.Download, err = cfg.Download.withDefaults(); err != nil {
		return nil, nil, "", err
	}
	switch name {
	case "auto":
		path, err := cachedCIFAR10(cfg.Download.Dir)
		if err != nil {
			return nil, nil, "", err
		}
		if path == "" {
			return openSynthetic(cfg, fmt.Sprintf(
				"chosen by -data auto because there is no CIFAR-10 in %s; -data cifar10 downloads it", cfg.Download.Dir))
		}
		return openCIFAR10(path, "found in the cache by -data auto")
	case "synthetic":
		return openSynthetic(cfg, "as -data synthetic asks")
	case "cifar10":
		path, err := cachedCIFAR10(cfg.Download.Dir)
		if err == nil && path == "" {
			path, err = Download(ctx, CIFAR10, cfg.Download)
		}
		if err != nil {
			return nil, nil, "", err
		}
		return openCIFAR10(path, "as -data cifar10 asks")
	default:
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, "", fmt.Errorf("data: -data %q is neither auto, synthetic or cifar10 nor a folder or file that exists", name)
		}
		return openCIFAR10(name, "as -data asks")
	}
}

// cachedCIFAR10 returns the unpacked folder or the archive in dir, or "".
func cachedCIFAR10(dir string) (string, error) {
	for _, name := range []string{cifarFolder, CIFAR10.Name} {
		path := filepath.Join(dir, name)
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("data: cannot look into the cache: %w", err)
		}
	}
	return "", nil
}

func openSynthetic(cfg OpenConfig, why string) (train, test *Set, about string, err error) {
	if train, test, err = Synthetic(cfg.Synthetic); err != nil {
		return nil, nil, "", err
	}
	about = fmt.Sprintf("The data is the built-in synthetic set, not CIFAR-10 (%d training and %d test images drawn from seed %d), %s.",
		train.Len(), test.Len(), cfg.Synthetic.Seed, why)
	return train, test, about, nil
}

func openCIFAR10(path, why string) (train, test *Set, about string, err error) {
	if train, test, err = LoadCIFAR10(path); err != nil {
		return nil, nil, "", err
	}
	about = fmt.Sprintf("The data is the real CIFAR-10 (%d training and %d test images) from %s, %s.",
		train.Len(), test.Len(), path, why)
	return train, test, about, nil
}
