package bitext

import "context"

// OpenFrom is [OpenIWSLT14] with the archive at another address.
func OpenFrom(ctx context.Context, url, md5, name string, cfg OpenConfig) (*Corpus, string, error) {
	k := iwslt14Collection
	remote := k.Remotes[0]
	remote.URLs, remote.MD5 = []string{url}, md5
	k.Remotes = append(k.Remotes[:0:0], remote)
	return k.open(ctx, name, cfg)
}
