// Package deps holds the test that enforces which package may import which,
// ours and third parties'. The table in its test is the law of the house.
package deps
