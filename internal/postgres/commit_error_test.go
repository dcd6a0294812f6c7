package postgres

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// What is certain and what is in doubt after a flush. The severity is read in
// the form that is never translated.
func TestCommitErrorTellsCertainFromDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		doubt bool
	}{
		"PostgreSQL refused a statement": {&pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: "23505"}, false},
		"the same in German":             {&pgconn.PgError{Severity: "FEHLER", SeverityUnlocalized: "ERROR", Code: "40P01"}, false},
		"the server is going down":       {&pgconn.PgError{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P01"}, true},
		"the connection died":            {errors.New("unexpected EOF"), true},
		"a callback of Last said no":     {fault.New(fault.Conflict, "no", "but COMMIT was on its way"), true},
	} {
		got := commitError(c.err)
		require.Equal(t, c.doubt, fault.CodeOf(got) == codeCommitUnknown, name)
		if !c.doubt {
			require.Equal(t, c.err, got, name)
		}
	}
}
