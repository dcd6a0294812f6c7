//go:build linux

package faults

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

const (
	readyAgain     = 10 * time.Second // rows 13 and 14
	acquireTimeout = 2 * time.Second  // postgres.PoolConfig's default: nobody waits longer for a connection
	slack          = 2 * time.Second  // for a machine that is busy with other things
)

// Row 13: kill -9 of one backend, a random one, while the tills sell; one that is
// at work, if there is one. PostgreSQL ends all the others with it and recovers;
// the pool must, too.
func TestFault13BackendKilled(t *testing.T) {
	t.Parallel()
	onBothSides(t, func(h *host, at side) {
		postmaster, random := h.PID(at.postgres), seeded(h.t)
		recovered := func() int {
			return strings.Count(h.postgresSaid(at), "all server processes terminated; reinitializing")
		}
		h.strikeWhileSelling(at, random, func() {
			before := recovered()
			victim, title := h.backend(at, random)
			require.NoError(h.t, syscall.Kill(victim, syscall.SIGKILL))
			require.Eventually(h.t, func() bool { return recovered() > before }, readyAgain, time.Millisecond)
			h.did("kill -9 of %s", title)
		})
		require.Equal(h.t, postmaster, h.PID(at.postgres), "the postmaster lives")
		require.Equal(h.t, strikes, strings.Count(h.postgresSaid(at), "was terminated by signal 9"), "each kill hit a backend")
		h.judge()
	})
}

// Row 14: kill -9 of the postmaster while the tills sell. Its program starts it
// again.
func TestFault14PostmasterKilled(t *testing.T) {
	t.Parallel()
	onBothSides(t, func(h *host, at side) {
		h.strikeWhileSelling(at, seeded(h.t), func() {
			dead := h.PID(at.postgres)
			require.NoError(h.t, h.Kill(at.postgres))
			require.Eventually(h.t, func() bool { pid := h.PID(at.postgres); return pid != 0 && pid != dead }, readyAgain, time.Millisecond)
			h.did("kill -9 of %s", at.postgres)
		})
		require.Equal(h.t, strikes, strings.Count(h.said(at), "PostgreSQL died; starting it again"))
		h.judge()
	})
}

// strikes is how often strikeWhileSelling strikes.
const strikes = 3

// strikeWhileSelling lets the tills sell, strikes at moments that random gives,
// and sees that the side is ready again in time and the tills go on.
func (h *host) strikeWhileSelling(at side, random *rand.Rand, strike func()) {
	h.t.Helper()
	for range strikes {
		sold := len(h.ledger.Sales())
		wait := h.sellOn(random.Uint64(), 40)
		h.afterSales(sold + 5 + random.IntN(25))
		begun := time.Now()
		strike()
		took := h.awaitReady(at, begun, readyAgain)
		wait()
		h.did("ready after %v; %d sales acknowledged", took.Round(time.Millisecond), len(h.ledger.Sales()))
	}
}

// Row 20: somebody sits idle in a transaction with a lock that every sale needs,
// until the edge's pool has no connection left. Who finds none is told so within
// the acquire timeout, who waits for the lock within the lock timeout.
func TestFault20PoolExhausted(t *testing.T) {
	t.Parallel()
	h := openHost(t)
	baskets := h.baskets(30)
	rogue := h.connect(edgeSide)
	h.exec(rogue, "begin")
	h.exec(rogue, "select * from outbox_head for update")

	answers := h.finalizeAll(baskets)
	thaw := h.freezeWaiting(12) // the pool's size: it is exhausted, and stays so
	asked := time.Now()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.Store().EdgeURL+"/v1/catalog/items", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+h.Store().Tills[0].Token)
	late, err := http.DefaultClient.Do(req) // who only wants to read stands in the same line, and no longer
	require.NoError(t, err)
	require.NoError(t, late.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, late.StatusCode)
	require.Less(t, time.Since(asked), acquireTimeout+slack)
	status, _ := h.probe(edgeSide, "/health")
	require.Equal(t, http.StatusOK, status)
	thaw()
	codes := map[string]int{}
	for range baskets {
		a := <-answers
		refusal := refusalOf(t, a.err)
		codes[refusal.Code]++
		if refusal.Code == "database_busy" {
			require.Less(t, a.took, acquireTimeout+slack)
		}
		require.Less(t, a.took, acquireTimeout+2*lockTimeout+slack, "a connection, the terminal's counter, the head")
	}
	h.did("30 calls met an idle session's lock, 12 had a connection: %v", codes)
	require.NotZero(t, codes["database_busy"])
	require.NotZero(t, codes["database_locked"])
	require.Len(t, codes, 2, "%v", codes)

	h.exec(rogue, "rollback")
	h.buyAll(baskets)
	h.judge()
}

// Row 20, from the other side: PostgreSQL has no connection left to give, because
// strangers have them all. Whoever needs one more is told so, and at once.
func TestFault20PostgresConnectionsExhausted(t *testing.T) {
	t.Parallel()
	h := openHost(t)
	baskets := h.baskets(12)
	strangers := h.takeAllConnections()
	h.exec(strangers[0], "begin")
	h.exec(strangers[0], "select * from outbox_head for update") // keeps the connections that the edge has busy

	answers := h.finalizeAll(baskets)
	codes := map[string]int{}
	for range baskets {
		a := <-answers
		refusal := refusalOf(t, a.err)
		codes[refusal.Code]++
		require.Less(t, a.took, 2*lockTimeout+slack)
	}
	h.did("12 calls met a PostgreSQL whose connections %d strangers have: %v", len(strangers), codes)
	require.NotZero(t, codes["database_busy"])
	require.NotContains(t, codes, "database_unavailable", "it runs, and will not restart")

	for _, conn := range strangers {
		require.NoError(t, conn.Close(t.Context()))
	}
	h.buyAll(baskets)
	h.judge()
}

// takeAllConnections opens sessions until PostgreSQL refuses one.
func (h *host) takeAllConnections() []*pgx.Conn {
	h.t.Helper()
	var strangers []*pgx.Conn
	for {
		conn, err := h.tryConnect(edgeSide)
		if err != nil {
			require.ErrorContains(h.t, err, "53300")
			return strangers
		}
		h.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(h.t.Context())) })
		strangers = append(strangers, conn)
	}
}

// Row 21: a session outside takes the locks of a sale in the reverse order: the
// log's head first, then the basket. PostgreSQL ends the sale's transaction, the
// edge runs it again, and it is made once.
func TestFault21Deadlock(t *testing.T) {
	t.Parallel()
	h := openHost(t)
	baskets := h.baskets(1)
	rogue := h.deadlocker()
	answers := h.finalizeAll(baskets)
	h.awaitWaiting(1)
	h.exec(rogue, "select * from transactions where id = $1 for update", baskets[0].id)
	h.exec(rogue, "rollback")
	a := <-answers
	require.NoError(t, a.err, "the retry was bounded by nothing but success")
	h.own++
	require.Equal(t, 1, h.deadlocks())
	h.did("one deadlock; the sale was made by the retry, after %v", a.took.Round(time.Millisecond))
	require.NoError(t, h.buy(newPurchase()))
	h.judge()
}

// Row 21, again and again: the edge does not retry for ever.
func TestFault21EndlessDeadlock(t *testing.T) {
	t.Parallel()
	h := openHost(t)
	baskets := h.baskets(1)
	rogue := h.deadlocker()
	answers := h.finalizeAll(baskets)
	var a answer
	deadline := time.Now().Add(patience)
	for answered := false; !answered; {
		require.True(t, time.Now().Before(deadline), "%d deadlocks, and no answer", h.deadlocks())
		select {
		case a = <-answers:
			answered = true
		default:
			if h.waiting() == 0 {
				continue
			}
			h.exec(rogue, "savepoint before")
			h.exec(rogue, "select * from transactions where id = $1 for update", baskets[0].id)
			h.exec(rogue, "rollback to savepoint before")
		}
	}
	h.exec(rogue, "rollback")
	require.Equal(t, "database_contended", refusalOf(t, a.err).Code)
	require.Equal(t, 4, h.deadlocks(), "attempts")
	h.did("4 deadlocks in a row: 503 database_contended after %v", a.took.Round(time.Millisecond))
	h.buyAll(baskets)
	h.judge()
}

// deadlocker is a session that holds the log's head, and is not the one that
// PostgreSQL ends.
func (h *host) deadlocker() *pgx.Conn {
	h.t.Helper()
	rogue := h.connect(edgeSide)
	h.exec(rogue, "set deadlock_timeout = '1min'")
	h.exec(rogue, "set statement_timeout = '30s'") // it gives up, rather than the case hang
	h.exec(rogue, "begin")
	h.exec(rogue, "select * from outbox_head for update")
	return rogue
}

// deadlocks is how many the edge's PostgreSQL has resolved.
func (h *host) deadlocks() int {
	h.t.Helper()
	return strings.Count(h.postgresSaid(edgeSide), "ERROR:  deadlock detected")
}

// baskets are so many that only have to be finalized.
func (h *host) baskets(n int) []purchase {
	h.t.Helper()
	list := make([]purchase, n)
	for i := range list {
		list[i] = newPurchase()
		require.NoError(h.t, h.fillBasket(list[i]))
		h.hands = append(h.hands, h.hand())
	}
	return list
}

// hand is one more till at the first terminal, which makes each call once. Its
// cashier is signed in before the fault, which is about the sale.
func (h *host) hand() *sim.Till {
	h.t.Helper()
	till := h.Store().Till(0)
	h.t.Cleanup(till.Close)
	require.NoError(h.t, till.SignIn(h.t.Context()))
	till.Patience = time.Nanosecond
	return till
}

// answer is how a call of a till ended that was made once.
type answer struct {
	err  error
	took time.Duration
}

// finalizeAll finalizes all purchases at once, each call once.
func (h *host) finalizeAll(list []purchase) <-chan answer {
	answers := make(chan answer, len(list))
	for i, p := range list {
		go func() {
			begun := time.Now()
			_, err := h.hands[i].Finalize(h.t.Context(), p.id, p.keys[3])
			answers <- answer{err, time.Since(begun)}
		}()
	}
	return answers
}

// buyAll buys what could not be bought, by the very same requests.
func (h *host) buyAll(list []purchase) {
	h.t.Helper()
	begun := time.Now()
	for _, p := range list {
		require.NoError(h.t, h.buy(p))
	}
	h.did("%d sales that were refused are made, by the same requests, after %v", len(list), time.Since(begun).Round(time.Millisecond))
}

// waiting is how many of the edge's sessions wait for a lock.
func (h *host) waiting() (n int) {
	h.t.Helper()
	conn, err := h.tryConnect(edgeSide)
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, conn.Close(h.t.Context())) }()
	require.NoError(h.t, conn.QueryRow(h.t.Context(),
		"select count(*) from pg_stat_activity where application_name = 'tiem' and wait_event_type = 'Lock'").Scan(&n))
	return n
}

// freezeWaiting stops (SIGSTOP) each of the edge's backends that waits for a
// lock, as it comes, until there are n: on a busy machine the first would time
// out before the last has come. thaw lets them go on, and their timeouts run.
func (h *host) freezeWaiting(n int) (thaw func()) {
	h.t.Helper()
	frozen := []int{} // not nil, which would be NULL
	thaw = sync.OnceFunc(func() {
		for _, pid := range frozen {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	})
	h.t.Cleanup(thaw)
	conn := h.connect(edgeSide)
	require.Eventually(h.t, func() bool {
		rows, err := conn.Query(h.t.Context(),
			"select pid from pg_stat_activity where application_name = 'tiem' and wait_event_type = 'Lock' and pid <> all($1)", frozen)
		require.NoError(h.t, err)
		pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
		require.NoError(h.t, err)
		for _, pid := range pids {
			require.NoError(h.t, syscall.Kill(pid, syscall.SIGSTOP))
			frozen = append(frozen, pid)
		}
		return len(frozen) >= n
	}, readyAgain, time.Millisecond)
	return thaw
}

// awaitWaiting waits until so many of the edge's sessions wait for a lock.
func (h *host) awaitWaiting(n int) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return h.waiting() >= n }, readyAgain, 5*time.Millisecond)
}
