// Package report makes the page that a run leaves: one HTML file that needs
// nothing else, neither files nor network, with the table, the curves, the
// searches and the learned pattern, layer by layer. While a run goes on,
// [Serve] shows the same page and keeps it up to date.
//
// The page knows no benchmark: what it shows is in a [Page], in words and
// numbers. It works with the keyboard and without scripts, and tells lines apart
// by dashes and shapes as well as by colours.
package report
