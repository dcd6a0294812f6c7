// Package screen shows a run of the simulation to people: a picture for a
// terminal of 80 columns and 24 rows that is painted over in place, or a line a
// second where there is no terminal.
//
// Draw is pure: a picture in, at most 24 lines of at most 80 columns out; what
// does not fit is cut off, and counted where it is a list. Terminal does the
// rest: it writes a frame in one go (cursor home, each line cleared to its end,
// nothing scrolls, so nothing flickers), hides the cursor meanwhile, and gives it
// back in Close, also after Ctrl-C. Colours only underline what the words say,
// and NO_COLOR takes them away.
package screen
