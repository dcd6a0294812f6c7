// Package board is the shop's notice board: how the line to HQ is and what waits
// for it, for one look (Read) and for those who keep looking (Watch).
//
// # What it keeps
//
// The last 256 states that were posted, each with a number, in memory. A watcher
// has no queue of its own: it remembers the number that it saw last and reads on
// from there, so a slow one costs nothing and holds nobody up. One that fell out
// of the ring, or comes from before a restart, is given the present state: a
// state says everything, none is needed to understand the next.
//
// # When a state is posted
//
// When the line, an alarm or the number of pending events has changed, at most
// twice a second: what changes in between is one state. Nobody polls the database
// for it while nobody watches, except when the line itself turns.
//
// The database is the authority for what is pending, the line for connectivity.
// If the database does not answer, nothing is posted, and the board tries again.
// Nothing at the till reads any of this.
package board
