// Package arch is the part of the design that a program can check: who imports
// whom, what a pure package may know of the world, how large a file or a
// function grows, and that each package says what it is for.
//
// The rules are tables (rule.go lists them), read over the parsed sources of the
// whole checkout, whatever their build tags; nothing is built, so that it takes
// a fraction of a second. Three more look elsewhere: linked.go asks `go list`
// whether a program links "testing" by way of a library, weight.go asks git for
// files that are too large, and targets.go reads the Makefile.
//
// A rule answers with sentences that name the file, the fact and the reason. A
// rule that was never seen to fail proves nothing: rules_test.go plants a
// violation of each into a small tree and expects exactly its sentence.
//
// A rule that is in the way is discussed and changed here, in its table, with
// the reason beside it. There are no exceptions by comment in the code.
package arch
