package wiretest

// Features is what a world can do, and be made to suffer. A case that needs what
// is false here is skipped, and says which it was.
type Features struct {
	Bubble bool // in memory, in virtual time: each case in a bubble of testing/synctest
	Few    bool // of the cases that need the same features, only the first: for worlds that take seconds

	Speaks       bool // a case can speak to HQ itself (World.Dial)
	Streams      bool // the protocol has streams: a hello, several batches on their way, credit
	Relay        bool // a relay runs between the store and HQ (World.StopRelay, StartRelay)
	Pause        bool // HQ can be told to give no credit
	Drain        bool // HQ can be told to let its streams go
	Breaks       bool // the line can be cut at any byte
	Flips        bool // a bit of any byte can be changed
	Holds        bool // what is on the line can arrive late
	Swallows     bool // bytes can vanish: half-open connections
	KillsHQ      bool // HQ can be ended and started again
	DiesAt       bool // HQ can die right before and right after its commit
	KillsStore   bool // the store's box can die
	RestoresHQ   bool // HQ can be put back to an older backup
	RestoresBox  bool // the store can be put back to an older backup
	TwoRelays    bool // a second relay of the store can run
	Fallback     bool // gRPC alone can be refused, and there is HTTP
	ForgetsMarks bool // the store's cursors can be lost
	Interleaves  bool // transactions of the store can interleave and roll back
	CountsSent   bool // World.Sent counts
}

// lacks names the first of the needed features that is missing; "" if none is.
func (f Features) lacks(needs Features) string {
	for _, one := range []struct {
		name        string
		need, exist bool
	}{
		{"a way to speak to HQ beside the relay", needs.Speaks, f.Speaks}, {"streams", needs.Streams, f.Streams}, {"a relay", needs.Relay, f.Relay}, {"an HQ that can be told to pause", needs.Pause, f.Pause},
		{"an HQ that can be told to drain", needs.Drain, f.Drain}, {"a line that can be cut at a byte", needs.Breaks, f.Breaks}, {"a line that changes bits", needs.Flips, f.Flips},
		{"a line that is late", needs.Holds, f.Holds}, {"a line that swallows", needs.Swallows, f.Swallows}, {"an HQ that can be killed", needs.KillsHQ, f.KillsHQ},
		{"an HQ that dies at its commit", needs.DiesAt, f.DiesAt},
		{"a box that can be killed", needs.KillsStore, f.KillsStore}, {"backups of HQ", needs.RestoresHQ, f.RestoresHQ}, {"backups of the store", needs.RestoresBox, f.RestoresBox},
		{"two relays", needs.TwoRelays, f.TwoRelays}, {"a second protocol", needs.Fallback, f.Fallback}, {"cursors that can be lost", needs.ForgetsMarks, f.ForgetsMarks},
		{"transactions that interleave", needs.Interleaves, f.Interleaves}, {"a count of what was sent", needs.CountsSent, f.CountsSent},
	} {
		if one.need && !one.exist {
			return one.name
		}
	}
	return ""
}
