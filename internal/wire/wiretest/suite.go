package wiretest

import (
	"testing"
	"testing/synctest"
)

// testCase is one case of the suite.
type testCase struct {
	name  string
	needs Features
	play  func(w *World)
}

// Run plays every case that the features allow, each in a world of its own. open
// makes one: a store with some events at HQ already, and, if there is a Relay, one
// that runs.
func Run(t *testing.T, f Features, open func(t *testing.T) *World) {
	t.Helper()
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if missing := f.lacks(c.needs); missing != "" {
				t.Skipf("not in this world: the case needs %s", missing)
			}
			if !f.Bubble {
				c.play(open(t))
				return
			}
			synctest.Test(t, func(t *testing.T) { c.play(open(t)) })
		})
	}
}

// cases are all of them, in the order of the list.
func cases() []testCase {
	list := rules()
	list = append(list, lines()...)
	list = append(list, restarts()...)
	return append(list, credits()...)
}
