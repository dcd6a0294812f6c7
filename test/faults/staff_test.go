package faults

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sale"
	"tiem/internal/sim"
)

// request is one call as anybody may make it, without a till's good manners.
type request struct {
	base         string // empty: the edge's address
	method, path string
	token        string // of a terminal; empty: T1's
	session      string
	body         string
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   []byte
	code   string // of a problem
}

func (s *shop) ask(r request) response {
	s.t.Helper()
	a, err := s.asked(r)
	require.NoError(s.t, err)
	return a
}

// asked is ask for goroutines of their own.
func (s *shop) asked(r request) (response, error) {
	if r.base == "" {
		r.base = s.Store().EdgeURL
	}
	req, err := http.NewRequestWithContext(s.t.Context(), r.method, r.base+r.path, strings.NewReader(r.body))
	if err != nil {
		return response{}, err
	}
	if r.token == "" {
		r.token = s.Store().Tills[0].Token
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if r.session != "" {
		req.Header.Set("X-Session", r.session)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = res.Body.Close() }()
	a := response{status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(res.Body); err != nil || a.status < 400 {
		return a, err
	}
	var problem struct {
		Code string `json:"code"`
	}
	err = json.Unmarshal(a.body, &problem)
	a.code = problem.Code
	return a, err
}

// into reads a success.
func (a response) into(t *testing.T, v any) {
	t.Helper()
	require.Less(t, a.status, 300, "%s", a.body)
	require.NoError(t, json.Unmarshal(a.body, v))
}

// signIn is POST /v1/sessions at a terminal.
func (s *shop) signIn(terminal int, cashier, pin string) (response, error) {
	login := s.Store().Tills[terminal]
	return s.asked(request{method: http.MethodPost, path: "/v1/sessions", token: login.Token,
		body: fmt.Sprintf(`{"terminal_id":%q,"cashier_id":%q,"pin":%q}`, login.TerminalID, cashier, pin)})
}

// signedIn is a session of a terminal's cashier.
func (s *shop) signedIn(terminal int) string {
	s.t.Helper()
	cashier := s.Store().CashierAt(terminal)
	a, err := s.signIn(terminal, cashier, s.Store().Tills[terminal].PINs[cashier])
	require.NoError(s.t, err)
	var session struct {
		Token string `json:"session_token"`
	}
	a.into(s.t, &session)
	return session.Token
}

// command runs store-edge beside the server, as the shop's owner does.
func (s *shop) command(args ...string) string {
	s.t.Helper()
	out, err := s.Command(s.t.Context(), sim.EdgeServer, args...)
	require.NoError(s.t, err)
	return out
}

// basketIs makes sure that a basket is kept, with its line and its money.
func (s *shop) basketIs(id uuid.UUID, status sale.Status, lines, payments int) {
	s.t.Helper()
	b := s.transaction(id)
	require.Equal(s.t, status, b.Status)
	require.Len(s.t, b.Live(), lines)
	require.Len(s.t, b.Payments, payments)
}

// Row 12: a cashier is disabled on the shop's server in the middle of a sale.
// From then on nothing of theirs works, at any till; the basket and its money
// are kept, and somebody else ends the sale at the same till.
func TestFault12CashierDisabledMidSale(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2")
	store, ctx := s.Store(), t.Context()
	s.sell()
	id := s.paidBasket()
	s.command("staff", "disable", "--id", store.CashierAt(0))

	_, err := s.till.Finalize(ctx, id, sim.NewKey())
	require.Equal(t, "cashier_disabled", fault.CodeOf(err))
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	_, err = s.till.Open(ctx, uuid.Must(uuid.NewV7()), sim.NewKey())
	require.Equal(t, "cashier_disabled", fault.CodeOf(err))
	elsewhere, err := s.signIn(1, store.CashierAt(0), store.Tills[0].PINs[store.CashierAt(0)])
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, elsewhere.status, "the right PIN does not help, at no till")
	s.basketIs(id, sale.Draft, 1, 1)
	s.did("%s was disabled with a paid basket open: 403, basket kept", store.CashierAt(0))

	colleague := sim.NewTill(store.EdgeURL, store.Tills[0], store.CashierAt(1))
	t.Cleanup(colleague.Close)
	b, err := colleague.Finalize(ctx, id, sim.NewKey())
	require.NoError(t, err)
	require.Equal(t, "S1-T1-0000002", b.ReceiptNo, "no number was lost")
	require.Equal(t, store.CashierAt(1), b.CashierID, "who took it over answers for it")

	s.command("staff", "enable", "--id", store.CashierAt(0))
	require.Equal(t, "S1-T1-0000003", s.sell().ReceiptNo)
	require.Equal(t, 3, s.proven().Sales)
}

// A till is stolen in the middle of a sale: its token dies at once, for reading,
// too, whatever connection and session it still has. The basket is taken over
// elsewhere. A new device becomes the till by a pairing code and goes on with its
// receipts.
func TestATokenRevokedMidSale(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2")
	ctx := t.Context()
	s.sell()
	id := s.paidBasket()
	s.command("terminal", "revoke", "--id", "T1")

	_, err := s.till.Finalize(ctx, id, sim.NewKey())
	require.Equal(t, "token_invalid", fault.CodeOf(err))
	_, err = s.till.Scan(ctx, id, sim.Pick{ItemID: s.item.ItemID, Quantity: sale.One}, sim.NewKey())
	require.Equal(t, "token_invalid", fault.CodeOf(err))
	require.Equal(t, http.StatusUnauthorized, s.ask(request{method: http.MethodGet, path: "/v1/status"}).status)
	other := s.Store().Till(1)
	t.Cleanup(other.Close)
	b, err := other.Resume(ctx, id, sim.NewKey())
	require.NoError(t, err)
	require.Equal(t, b.Totals.Total, b.Totals.Paid, "the money that was taken is still there")
	b, err = other.Finalize(ctx, id, sim.NewKey())
	require.NoError(t, err)
	require.Equal(t, "S1-T2-0000001", b.ReceiptNo)
	s.did("T1's token was revoked with a paid basket open: 401, and T2 ended the sale")

	var pairing struct {
		Code string `json:"code"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.command("terminal", "pair", "--id", "T1", "--json")), &pairing))
	login, err := sim.Pair(ctx, s.Store().EdgeURL, pairing.Code)
	require.NoError(t, err)
	old := s.Store().Tills[0]
	require.NotEqual(t, old.Token, login.Token)
	login.PINs = old.PINs
	replaced := sim.NewTill(s.Store().EdgeURL, login, s.Store().CashierID)
	t.Cleanup(replaced.Close)
	b, err = replaced.Finalize(ctx, s.paidAt(replaced), sim.NewKey())
	require.NoError(t, err)
	require.Equal(t, "S1-T1-0000002", b.ReceiptNo, "the till's receipts go on")

	report, err := sim.VerifyStore(ctx, s.storeAt(login), sim.VerifyOptions{Wait: patience})
	require.NoError(t, err)
	require.Equal(t, 3, report.Figures.Sales)
	_, err = s.Audit(ctx)
	require.NoError(t, err)
}

// storeAt is the store as the till of that login sees it.
func (s *shop) storeAt(login sim.Login) sim.Store {
	store := s.Store()
	store.Tills = []sim.Login{login}
	return store
}

// Five tills are used to guess one person's PIN, with ten hands each. The guesses
// are counted over all tills, and the count outlives a restart; meanwhile
// everybody else signs in and sells.
func TestPINGuessingFromFiveTills(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2", "T3", "T4", "T5")
	s.command("staff", "add", "--id", "C9", "--name", "Hoa", "--pin", "830274")
	ledger, sold := sim.NewLedger(), make(chan error, 1)
	go func() {
		_, err := sim.Play(t.Context(), s.Store(), sim.PlayOptions{Seed: 9, Sales: 50, Ledger: ledger})
		sold <- err
	}()

	const hands, guesses = 10, 10 // at each till
	var wrong, blocked atomic.Int64
	begun := time.Now()
	atOnce(5*hands, func(i int) {
		for n := range guesses {
			a, err := s.signIn(i%5, "C9", fmt.Sprintf("%06d", 100_207+i*guesses+n))
			switch {
			case err == nil && a.code == "pin_wrong":
				wrong.Add(1)
			case err == nil && a.code == "pin_blocked":
				blocked.Add(1)
			case err == nil && (a.code == "pin_check_busy" || a.code == "too_many_attempts"): // 503, 429: it was not looked at
			default:
				t.Errorf("guess: %d %s %v", a.status, a.body, err)
			}
		}
	})
	const free, pause = 15, 30 * time.Second // of all tills together (docs/operations.md)
	require.LessOrEqual(t, wrong.Load(), free+int64(time.Since(begun)/pause), "of %d guesses", 5*hands*guesses)
	require.Positive(t, blocked.Load())
	s.did("%d guesses from five tills: %d were looked at, %d blocked", 5*hands*guesses, wrong.Load(), blocked.Load())
	require.NoError(t, <-sold, "everybody else sells on")

	require.NoError(t, s.Kill(sim.EdgeServer))
	s.restart(sim.EdgeServer)
	for terminal := range 5 {
		a, err := s.signIn(terminal, "C9", "830274")
		require.NoError(t, err)
		require.Equal(t, http.StatusTooManyRequests, a.status, "the right PIN has to wait, too: %s", a.body)
		require.NotEmpty(t, a.header.Get("Retry-After"))
	}
	s.command("staff", "reset-pin", "--id", "C9", "--pin", "619350")
	a, err := s.signIn(2, "C9", "619350")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, a.status, "a manager gives a new PIN: %s", a.body)
	require.NotContains(t, s.log("store-edge"), "830274")
	require.Equal(t, 50, s.provenTo(ledger).Sales)
}

// A session ends by itself in the middle of a basket. The call that comes too
// late has no effect, the basket is kept, and the cashier signs in again and goes
// on with it.
func TestASessionExpiresMidBasket(t *testing.T) {
	t.Parallel()
	s := openWith(t, sim.Options{EdgeEnv: []string{"EDGE_SESSION_LIFETIME=1500ms"}})
	ctx, id := t.Context(), uuid.Must(uuid.NewV7())
	_, err := s.till.Open(ctx, id, sim.NewKey())
	require.NoError(t, err)
	b, err := s.till.Scan(ctx, id, sim.Pick{ItemID: s.item.ItemID, Quantity: sale.One}, sim.NewKey())
	require.NoError(t, err)
	session := s.signedIn(0)

	require.Eventually(t, func() bool {
		return s.ask(request{method: http.MethodGet, path: "/v1/sessions/current", session: session}).code == "session_expired"
	}, patience, waitStep)
	late := s.ask(request{method: http.MethodPost, path: "/v1/transactions/" + id.String() + "/items", session: session,
		body: fmt.Sprintf(`{"item_id":%q}`, s.item.ItemID)})
	require.Equal(t, http.StatusUnauthorized, late.status)
	require.Equal(t, "session_expired", late.code)
	s.basketIs(id, sale.Draft, 1, 0)
	s.did("the session expired with a basket open: 401, basket kept")

	_, err = s.till.Pay(ctx, id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Total}, sim.NewKey())
	require.NoError(t, err, "the till lets its cashier sign in again")
	b, err = s.till.Finalize(ctx, id, sim.NewKey())
	require.NoError(t, err)
	require.Equal(t, "S1-T1-0000001", b.ReceiptNo)
	require.Equal(t, 1, s.proven().Sales)
}
