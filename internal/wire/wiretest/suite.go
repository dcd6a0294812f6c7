package wiretest

import (
	"fmt"
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
	played := map[Features]string{}
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if reason := f.rejects(c, played); reason != "" {
				t.Skip(reason)
			}
			if !f.Bubble {
				c.play(open(t))
				return
			}
			synctest.Test(t, func(t *testing.T) { c.play(open(t)) })
		})
	}
}

// rejects is why a case is not played; "" if it is, and then it is noted in played
// by what it needs.
func (f Features) rejects(c testCase, played map[Features]string) string {
	if missing := f.lacks(c.needs); missing != "" {
		return "not in this world: the case needs " + missing
	}
	if like, ok := played[c.needs]; ok && f.Few {
		return fmt.Sprintf("few cases are wanted, and «%s» was one of this kind", like)
	}
	played[c.needs] = c.name
	return ""
}

// cases are all of them, in the order of the list.
func cases() []testCase {
	list := rules()
	list = append(list, lines()...)
	list = append(list, restarts()...)
	return append(list, credits()...)
}
