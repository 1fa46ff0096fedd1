package bitext

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/data"
	"autodropout/internal/sized"
)

// OpenConfig configures what [OpenIWSLT14] and [OpenWMT14] may have to do.
type OpenConfig struct {
	// Synthetic describes the built-in task.
	Synthetic SyntheticConfig
	// Texts says how a user's own texts are prepared.
	Texts TextsConfig
	// Download says where downloaded files are, and how to get them. Prepared texts
	// are kept in the same folder.
	Download data.DownloadConfig
	// Notice, if not nil, is told before something takes long.
	Notice func(sentence string)
}

// A collection is a benchmark that can be opened by a name. Of its places in the
// cache the first is that of prepared texts, the second that of the archives.
type collection struct {
	data.Original
	about   About // what the built-in task has in common with it
	prepare func(ctx context.Context, archives, dir string) (Prepared, error)
}

var iwslt14Collection = collection{
	Original: data.Original{
		Key: "iwslt", Title: iwslt14.Name,
		Places: []data.Place{{Path: "iwslt14-de-en", Files: []string{preparedName}}, {Path: "iwslt14", Files: []string{iwslt14Archive}}},
		Remotes: []data.Remote{{
			Name: "iwslt14/" + iwslt14Archive,
			URLs: []string{"https://dl.fbaipublicfiles.com/fairseq/data/iwslt14/" + iwslt14Archive},
			MD5:  "10936dfdf616504ddbd844e91b94ef4a",
		}},
	},
	about: iwslt14.About,
	prepare: func(ctx context.Context, archives, dir string) (Prepared, error) {
		return PrepareIWSLT14(ctx, filepath.Join(archives, iwslt14Archive), dir)
	},
}

var wmt14Collection = collection{
	Original: data.Original{
		Key: "wmt", Title: wmt14.Name,
		Places: []data.Place{{Path: "wmt14-en-fr", Files: []string{preparedName}}, {Path: "wmt14", Files: wmt14Archives}},
		Remotes: []data.Remote{
			wmt14Remote(0, "wmt13", "0224c7c710c8a063dfd893b0cc0830202d61f4c75c17eb8e31836103d27d96e7"),
			wmt14Remote(1, "wmt13", "c7a74e2ea01ac6c920123108627e35278d4ccb5701e15428ffa34de86fa3a9e5"),
			wmt14Remote(2, "wmt13", "29141b5c1eba149a94f7a59d3b1a834b2e47fe0f8758d68dcd77a3d3f497ee47"),
			wmt14Remote(3, "wmt14", "cb8953f292298e6877ae433c98912b927cb0766b303f4540512ddd286c748485"),
			wmt14Remote(4, "wmt10", "3ff8319f6919393520559bfbc7ad6a747ec81b3abc7be9993b338d4b017b4d9a"),
			{Name: "wmt14/" + wmt14Archives[5], URLs: []string{"https://statmt.org/wmt14/" + wmt14Archives[5]}, MD5: "a8cd784e006feb32ac6f3d9ec7eb389a"},
		},
	},
	about:   wmt14.About,
	prepare: PrepareWMT14,
}

func wmt14Remote(i int, year, sum string) data.Remote {
	return data.Remote{Name: "wmt14/" + wmt14Archives[i], URLs: []string{"https://www.statmt.org/" + year + "/" + wmt14Archives[i]}, SHA256: sum}
}

// OpenIWSLT14 returns the corpus that name stands for, and a sentence for people
// that says which it is and why:
//
//	auto       IWSLT-14 De-En if it is in the cache, otherwise the built-in task;
//	           never uses the network
//	synthetic  the built-in task, see [SyntheticCorpus], in lower case and with two
//	           vocabularies as IWSLT-14, or cased and with one as WMT-14
//	iwslt      IWSLT-14 De-En, downloaded into the cache and prepared there if it is
//	           not there, see [PrepareIWSLT14]
//	a path     a folder of prepared texts, or one with the original archive or with
//	           texts of your own, see [TextsConfig], which are prepared in the cache
func OpenIWSLT14(ctx context.Context, name string, cfg OpenConfig) (c *Corpus, about string, err error) {
	return iwslt14Collection.open(ctx, name, cfg)
}

// OpenWMT14 is like [OpenIWSLT14] for WMT-14 En-Fr, with wmt for the six archives.
func OpenWMT14(ctx context.Context, name string, cfg OpenConfig) (c *Corpus, about string, err error) {
	return wmt14Collection.open(ctx, name, cfg)
}

func (k *collection) open(ctx context.Context, name string, cfg OpenConfig) (c *Corpus, about string, err error) {
	path, why, err := k.Find(ctx, name, cfg.Download)
	if err != nil {
		return nil, "", err
	}
	if path == "" {
		cfg.Synthetic.Cased, cfg.Synthetic.Separate = !k.about.Style.Lowercase, !k.about.Joint
		if c, err = SyntheticCorpus(cfg.Synthetic); err != nil {
			return nil, "", err
		}
		return c, fmt.Sprintf("The data is the built-in synthetic language pair, not %s (%v, drawn from seed %d), %s.",
			k.Title, c, cfg.Synthetic.Seed, why), nil
	}
	prepared, err := k.prepared(ctx, path, &cfg)
	if err != nil {
		return nil, "", err
	}
	if c, err = OpenPrepared(prepared); err != nil {
		return nil, "", err
	}
	from := "from " + path
	if prepared != path {
		from += ", prepared in " + prepared
	}
	return c, fmt.Sprintf("The data is %s (%v) %s, %s.", c.Name, c, from, why), nil
}

// prepared returns the folder of prepared texts for a path, and prepares them in the
// cache where need be.
func (k *collection) prepared(ctx context.Context, path string, cfg *OpenConfig) (string, error) {
	texts, archives := k.Places[0], k.Places[1]
	ready, original := holds(path, preparedName), holds(path, archives.Files...)
	switch {
	case cfg.Texts.Test != "" && (ready || original):
		return "", fmt.Errorf("bitext: a test text, %s, can be chosen only among texts of your own, and %s has texts that are prepared, or the original archives: leave the name out, or give the folder of your texts", cfg.Texts.Test, path)
	case ready:
		return path, nil
	case original:
		cache, err := cfg.Download.Folder()
		if err != nil {
			return "", err
		}
		dir := filepath.Join(cache, texts.Path)
		if path != filepath.Join(cache, archives.Path) {
			if dir, err = cacheName(ctx, cfg, path, texts.Path, archives.Files); err != nil {
				return "", err
			}
		}
		return dir, cfg.once(dir, path, func() (Prepared, error) { return k.prepare(ctx, path, dir) })
	}
	own, err := cfg.Texts.find(path)
	if errors.Is(err, errNoTexts) {
		return "", fmt.Errorf("bitext: the folder %s has neither prepared texts, nor %s, nor train, valid and test texts of your own in %s and %s",
			path, strings.Join(archives.Files, " and "), cfg.Texts.Source, cfg.Texts.Target)
	}
	if err != nil {
		return "", fmt.Errorf("bitext: cannot prepare %s: %w", path, err)
	}
	dir, err := cacheName(ctx, cfg, "", strings.ReplaceAll(nameOf(path), "/", "-"), own.files())
	if err != nil {
		return "", err
	}
	return dir, cfg.once(dir, path, func() (Prepared, error) { return own.prepare(ctx, path, &cfg.Texts, dir) })
}

// holds reports whether a folder has files of these names.
func holds(dir string, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err != nil
	})
}

// once prepares texts in a folder of the cache, unless they are there.
func (cfg *OpenConfig) once(dir, from string, prepare func() (Prepared, error)) error {
	if holds(dir, preparedName) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("bitext: cannot create the folder for prepared texts (AUTODROPOUT_DATA chooses another): %w", err)
	}
	unlock, err := data.Lock(dir + ".lock")
	if err != nil {
		return fmt.Errorf("bitext: cannot prepare %s: %w", from, err)
	}
	defer unlock()
	if holds(dir, preparedName) {
		return nil // another process was faster
	}
	if cfg.Notice != nil {
		cfg.Notice(fmt.Sprintf("Preparing the texts of %s in %s.", from, dir))
	}
	p, err := prepare()
	if err == nil && cfg.Notice != nil {
		cfg.Notice(fmt.Sprintf("Prepared are %v.", p))
	}
	return err
}

// cacheName returns a folder in the cache whose name tells files with other contents,
// and other settings, apart.
func cacheName(ctx context.Context, cfg *OpenConfig, folder, base string, files []string) (string, error) {
	cache, err := cfg.Download.Folder()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode([]any{preparedVersion, cfg.Texts}); err != nil {
		return "", err
	}
	for _, name := range files {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		f, err := sized.Open(filepath.Join(folder, name))
		if err != nil {
			return "", fmt.Errorf("bitext: cannot read a text: %w", err)
		}
		n, err := io.Copy(sum, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("bitext: cannot read a text: %w", err)
		}
		fmt.Fprintln(sum, n)
	}
	return filepath.Join(cache, "prepared", base+"-"+hex.EncodeToString(sum.Sum(nil)[:6])), nil
}
