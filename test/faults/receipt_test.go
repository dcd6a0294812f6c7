package faults

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// print asks for a sale's receipt as a till does for its printer.
func (s *shop) print(id uuid.UUID) (string, error) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.Store().EdgeURL+"/v1/transactions/"+id.String()+"/receipt", http.NoBody)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+s.Store().Tills[0].Token)
	r.Header.Set("X-Session", s.signedIn(0))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.Equal(s.t, http.StatusOK, answer.StatusCode, "%s", text)
	return string(text), err
}

// Fault 5: the edge dies when the print is counted and its text not yet given
// out. The paper may or may not have come out of a printer in that moment, so
// the reprint is a copy; and the sale knows nothing of it.
func TestFault05KilledWhilePrinting(t *testing.T) {
	t.Parallel()
	s := open(t)
	sold := s.sell()
	s.arm(sim.EdgeServer, "receipt.after_commit=kill")
	_, err := s.print(sold.ID)
	require.Error(t, err, "no text was given out")
	s.died(sim.EdgeServer)
	s.restart(sim.EdgeServer)
	for _, mark := range []string{"BẢN SAO / COPY 1\n", "BẢN SAO / COPY 2\n"} {
		text, err := s.print(sold.ID)
		require.NoError(t, err)
		require.Equal(t, 2, strings.Count(text, mark), "marked above and below: %s", text)
		require.Contains(t, text, sold.ReceiptNo)
	}
	next := s.sell()
	original, err := s.print(next.ID)
	require.NoError(t, err)
	require.NotContains(t, original, "COPY", "another sale's original is its own")
	require.Equal(t, "S1-T1-0000002", next.ReceiptNo)
	require.Equal(t, 2, s.proven().Sales)
}
