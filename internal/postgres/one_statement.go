package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// OneStatement makes one statement of writes that do not see one another's
// rows: each becomes a part of a WITH clause, and all of them are one message,
// one plan and one snapshot. For a few rows in each of many tables that is what
// PostgreSQL would else spend a good part of its time on. The writes are
// generated queries: their only dollars are parameters. A batch of none is "".
//
// The texts are few (which of its queries a batch has), and kept: pgx prepares
// each once a connection.
func OneStatement(writes *pgx.Batch) (sql string, args []any) {
	var key texts
	given := 0
	for i, q := range writes.QueuedQueries {
		if i < len(key) {
			key[i] = q.SQL
		}
		given += len(q.Arguments)
	}
	args = make([]any, 0, given)
	for _, q := range writes.QueuedQueries {
		args = append(args, q.Arguments...)
	}
	if len(writes.QueuedQueries) > len(key) {
		return join(writes.QueuedQueries), args
	}
	if text, known := joined.Load(key); known {
		return text.(string), args //nolint:forcetypeassert // it is what is stored below
	}
	sql = join(writes.QueuedQueries)
	joined.Store(key, sql)
	return sql, args
}

// texts are those of queries that were joined. (To write them one behind the
// other, as a key, would be 30 KB for each batch.)
type texts [12]string

var (
	joined    sync.Map // texts → their one statement
	parameter = regexp.MustCompile(`\$[0-9]+`)
)

func join(queries []*pgx.QueuedQuery) string {
	var parts []string
	shift := 0
	for i, q := range queries {
		text := parameter.ReplaceAllStringFunc(q.SQL, func(name string) string {
			number, _ := strconv.Atoi(name[1:]) // digits, by the pattern
			return "$" + strconv.Itoa(number+shift)
		})
		parts = append(parts, fmt.Sprintf("write%d as (\n%s\n)", i+1, text))
		shift += len(q.Arguments)
	}
	if len(parts) == 0 {
		return ""
	}
	return "with " + strings.Join(parts, ", ") + "\nselect 1"
}
