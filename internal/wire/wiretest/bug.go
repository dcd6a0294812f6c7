package wiretest

// Bug is a mistake that is made on purpose, to see that the suite finds it.
type Bug string

// The bugs of an HQ.
const (
	AckBeforeCommit Bug = "ack before commit"
	NoGapCheck      Bug = "skipped gap check"
	NoFence         Bug = "lost fence"                          // an old epoch is let through
	CursorFirst     Bug = "cursor before the transaction"       // the watermark is committed on its own, then the events
	CursorLast      Bug = "cursor behind the transaction"       // the other way round
	OverlapTwice    Bug = "overlap applied twice"               // duplicates have an effect again
	ForkOverwritten Bug = "fork overwritten"                    // the last writer wins
	IDReused        Bug = "event_id not unique"                 // one event_id under two ids
	DeafToCredit    Bug = "credit granted and then forgotten"   // a store beyond its credit is not refused
	TokenIgnored    Bug = "another store's token is good, too"  // who has one speaks for all
	TakenAgain      Bug = "duplicates are counted as new"       // what HQ had is said to be taken again
	HashUnchecked   Bug = "the chain of a batch is not checked" // changed bytes are stored
)

// The bugs of a relay. They stand between it and its surroundings, so that they
// can be planted into any.
const (
	MarkBeforeAck  Bug = "mark before ack"
	CursorByMemory Bug = "cursor by memory instead of HQ's watermark"
	OutOfOrder     Bug = "a batch sent out of order"
	SentTwice      Bug = "a batch sent twice on one stream"
	CreditIgnored  Bug = "credit ignored"
	DrainIgnored   Bug = "the wish to let a stream go ignored"
	ErrorsLost     Bug = "what HQ set aside is not noted"
	RetryIgnored   Bug = "the wish to be left alone ignored"
)
