// Package scenario is what happens to a shop while its tills sell: read from a
// text file that a shopkeeper could write, or from the flags of pos-sim run.
//
//	# Five tills and a pulled cable
//	five tills sell
//	after 20 s the cable is pulled for 30 s
//	after 70 s the shop closes
//	at the end everything is at HQ, in order
//
// One sentence a line; a # begins a comment, and the first comment is the title.
// A sentence that is not understood is refused with its line number and all that
// would be understood: nothing is guessed, and nothing is passed over.
//
// The package is pure: it knows when what happens, and how the line is at any
// moment (At). Package sim makes it happen. Times count from the moment at which
// the tills begin to sell, in real time: only people are sped up, never the line.
package scenario
