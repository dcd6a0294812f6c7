// Package doctor is what the two programs' doctor commands have in common: a
// list of checks, each ok, warn or fail with what was found and what to do, the
// checks of a database that both have, and how they are printed.
//
//	ok    as it should be
//	warn  works, but somebody should look: a disk that is filling up, a line that
//	      is down, a disk that the program cannot see
//	fail  somebody must act; the command's exit code is 1
//
// A doctor looks and changes nothing. It attaches to the server that runs; where
// none runs and there is data, it starts it for as long as it looks, as every
// other command does, and says so; but not where a start would change owners or
// modes, and not beside an owner whose server does not come up. It must be of use when things are broken: a
// check that cannot be done for want of a database is a warn that says so, and
// all others are done. No secret is ever printed.
//
// The package keeps no state; a Report is made, filled and printed once.
package doctor
