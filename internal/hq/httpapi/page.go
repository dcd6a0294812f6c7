package httpapi

const maxPage = 500 // rows; larger wishes are clamped

// PageInput is how many rows a caller wants. (huma sees exported embedded structs only.)
type PageInput struct {
	Limit int32 `query:"limit" doc:"rows of a page; more than 500 are 500" default:"50" minimum:"1"`
}

func (p PageInput) rows() int32 { return min(p.Limit, maxPage) }

// cut takes the first n of rows, and tells whether there was one more.
func cut[T any](rows []T, n int32) (page []T, more bool) {
	if len(rows) > int(n) {
		return rows[:n], true
	}
	return rows, false
}
