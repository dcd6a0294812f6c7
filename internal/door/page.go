package door

// MaxPage is the most rows of a list that one call returns; larger wishes are
// clamped to it.
const MaxPage = 500

// Page is how many rows of a list a caller wants; inputs of list operations
// embed it. (huma sees embedded structs only if they are exported.)
type Page struct {
	Limit int64 `query:"limit" doc:"rows of a page; more than 500 are 500" default:"50" minimum:"1"`
}

// Rows is the page's size, at most MaxPage.
func (p Page) Rows() int32 { return int32(min(p.Limit, MaxPage)) }

// Lookahead is how many rows to ask the database for: one more than the page has
// tells whether there is another page.
func (p Page) Lookahead() int32 { return p.Rows() + 1 }

// Cut takes the page off rows, which were read with Lookahead, and returns the
// cursor of its last row if there are more, else "".
func Cut[T any](p Page, rows []T, cursor func(*T) string) (page []T, next string) {
	n := int(p.Rows())
	if len(rows) <= n {
		return rows, ""
	}
	return rows[:n], cursor(&rows[n-1])
}
