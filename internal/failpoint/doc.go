// Package failpoint lets a test kill or stop a real process at a named place in
// the code: "before COMMIT", "after the send, before the mark". Places call Hit
// with their name, which does nothing and costs nothing unless the program was
// built with the tag `failpoint` and told by the environment:
//
//	TIEM_FAILPOINTS="intake.before_commit=kill@3,relay.before_mark=stop"
//
// means: SIGKILL oneself at the third passage, SIGSTOP at the first. The
// binaries that are shipped are built without the tag.
package failpoint
