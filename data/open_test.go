package data

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// offline fails a test that uses the network.
func offline(t *testing.T) *http.Client {
	return &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		t.Errorf("the network was used: %s", r.URL)
		return nil, http.ErrNotSupported
	})}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func openConfig(t *testing.T) OpenConfig {
	cfg := OpenConfig{Synthetic: SyntheticConfig{Seed: 7, Train: 20, Test: 10}, Download: quick(t)}
	cfg.Download.Client = offline(t)
	return cfg
}

func TestOpenWithoutCache(t *testing.T) {
	cfg := openConfig(t)
	for name, words := range map[string][]string{
		"auto":      {"synthetic", "not CIFAR-10", "20 training and 10 test", "seed 7", "no CIFAR-10 in " + cfg.Download.Dir},
		"synthetic": {"synthetic", "as the name synthetic asks"},
	} {
		train, test, about, err := Open(t.Context(), name, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if train.Len() != 20 || test.Len() != 10 {
			t.Errorf("%s: %d training and %d test images", name, train.Len(), test.Len())
		}
		for _, word := range words {
			if !strings.Contains(about, word) {
				t.Errorf("%s: the sentence does not say %q: %s", name, word, about)
			}
		}
	}
	if _, err := os.Stat(cfg.Download.Dir); err == nil {
		t.Error("auto created the cache folder")
	}
}

// noHome takes away all that says where a user's caches are.
func noHome(t *testing.T) {
	for _, name := range []string{"AUTODROPOUT_DATA", "HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
}

// TestSentencesNameTheFlag that a program's users choose data by.
func TestSentencesNameTheFlag(t *testing.T) {
	cfg := openConfig(t)
	cfg.Download.Flag = "-images"
	_, _, about, err := Open(t.Context(), "auto", cfg)
	if err != nil || !strings.Contains(about, "chosen by -images auto because") || !strings.Contains(about, "; -images cifar10 downloads it") {
		t.Errorf("it says %q, error %v", about, err)
	}
	_, _, _, err = Open(t.Context(), "nowhere", cfg)
	checkError(t, err, `-images "nowhere" is neither auto`)
}

func TestOpenWithoutHome(t *testing.T) {
	noHome(t)
	cfg := openConfig(t)
	cfg.Download.Dir = ""
	for name, word := range map[string]string{"synthetic": "as the name synthetic asks", "auto": "set AUTODROPOUT_DATA"} {
		train, _, about, err := Open(t.Context(), name, cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if train.Len() != 20 || !strings.Contains(about, word) {
			t.Errorf("%s: %d training images; %s", name, train.Len(), about)
		}
	}
	_, _, _, err := Open(t.Context(), "cifar10", cfg)
	checkError(t, err, "no folder for downloads", "set AUTODROPOUT_DATA")
	_, err = Download(t.Context(), CIFAR10, cfg.Download)
	checkError(t, err, "no folder for downloads", "set AUTODROPOUT_DATA")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "data_batch_1.bin"), []byte("short"))
	_, _, _, err = Open(t.Context(), dir, cfg)
	checkError(t, err, dir)
}

// A cache that has CIFAR-10 is used: here a broken one, which must be named, not
// passed over.
func TestOpenUsesTheCache(t *testing.T) {
	for _, entry := range []string{cifarFolder, CIFAR10.Name} {
		for _, name := range []string{"auto", "cifar10"} {
			cfg := openConfig(t)
			path := filepath.Join(cfg.Download.Dir, entry)
			if entry == cifarFolder {
				writeFile(t, filepath.Join(path, "data_batch_1.bin"), []byte("short"))
			} else {
				writeFile(t, path, []byte("short"))
			}
			_, _, _, err := Open(t.Context(), name, cfg)
			checkError(t, err, path)
		}
	}
}

func TestOpenPath(t *testing.T) {
	_, _, _, err := Open(t.Context(), t.TempDir(), openConfig(t))
	checkError(t, err, "holds no CIFAR-10 files")
	_, _, _, err = Open(t.Context(), "cifar100", openConfig(t))
	checkError(t, err, `"cifar100"`, "auto, synthetic or cifar10", "folder")
}

func TestOpenDownloadsOnlyWhenAsked(t *testing.T) {
	cfg := openConfig(t)
	asked := 0
	cfg.Download.Client = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		asked++
		return &http.Response{StatusCode: 404, Status: "404 Not Found", Body: http.NoBody, Request: r}, nil
	})}
	_, _, _, err := Open(t.Context(), "cifar10", cfg)
	checkError(t, err, "cannot download cifar-10-binary.tar.gz", "404", "put it at "+filepath.Join(cfg.Download.Dir, CIFAR10.Name))
	if asked != len(CIFAR10.URLs) {
		t.Errorf("%d requests for %d mirrors", asked, len(CIFAR10.URLs))
	}
}
