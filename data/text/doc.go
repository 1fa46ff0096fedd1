// Package text prepares text for translation as the Moses and subword-nmt tools
// do, which published results are made with: a [Normalizer] and a [Tokenizer],
// their inverse, the [Detokenizer], and byte-pair encoding ([LearnBPE], [BPE]).
//
// The rules for tokens are written from the descriptions of these tools and checked against
// their output, for German, English and French.
package text
