// Package scenarios ships the scenarios that `pos-sim run --scenario NAME`
// plays: plain text, a sentence a line, as internal/sim/scenario reads it. They
// are examples as much as checks: copy one, change it, and play the file with
// --scenario FILE. The package holds no state.
//
// What may go wrong is an edit of a file. The test reads each of them, and plays
// one.
package scenarios

import "embed"

// Files are the texts, NAME.txt. Read only.
//
//go:embed *.txt
var Files embed.FS
