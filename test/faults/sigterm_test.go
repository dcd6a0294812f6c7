package faults

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// Five finalizes are in the middle of their transaction when SIGTERM comes: no
// new connection is taken, they are answered, and the edge exits with 0.
//
// What keeps them there is a lock, which nobody waits for longer than
// lockTimeout. If all of it took longer, on a busy machine, it is done again.
func TestFault57SigtermAnswersWhatIsInFlight(t *testing.T) {
	t.Parallel()
	const tries = 5
	s := open(t, "T1", "T2", "T3", "T4", "T5")
	tills := make([]*sim.Till, 5)
	for i := range tills {
		tills[i] = s.newTill(i)
		tills[i].Patience = time.Nanosecond // one try: the answer is to come, not another one
	}
	for try := 1; ; try++ {
		f := s.sigtermInFlight(tills)
		s.restart(sim.EdgeServer)
		for i, till := range tills {
			b, err := till.Finalize(t.Context(), f.baskets[i], sim.NewKey())
			require.NoError(t, err)
			if f.errs[i] == nil {
				require.Equal(t, f.receipts[i], b.ReceiptNo)
			}
		}
		require.Equal(t, 5*try, s.proven().Sales)
		if f.held < lockTimeout {
			for _, err := range f.errs {
				require.NoError(t, err)
			}
			require.True(t, f.inFlight, "nobody was answered before the head was free")
			s.did("SIGTERM with five finalizes in flight for up to %v: five receipts, exit 0", f.held.Round(time.Millisecond))
			return
		}
		s.did("the machine is busy: %v is more than a lock's timeout", f.held.Round(time.Millisecond))
		require.Less(t, try, tries, "the machine is too busy for this case")
	}
}

// interrupted are five finalizes that met a SIGTERM.
type interrupted struct {
	baskets  []uuid.UUID
	receipts []string
	errs     []error
	inFlight bool          // none was answered before the lock was given back
	held     time.Duration // from the first finalize until then
}

// sigtermInFlight lets the tills finalize against the locked head of the log,
// stops the edge meanwhile, gives the lock back when the edge has closed its
// door, and waits for all answers and the end of the edge.
func (s *shop) sigtermInFlight(tills []*sim.Till) *interrupted {
	s.t.Helper()
	f := &interrupted{baskets: make([]uuid.UUID, len(tills)), receipts: make([]string, len(tills)), errs: make([]error, len(tills))}
	for i, till := range tills {
		f.baskets[i] = s.paidAt(till)
	}
	admin, watcher := s.session(sim.EdgeServer), s.session(sim.EdgeServer)
	admin.run("begin")
	admin.run("select * from outbox_head for update")
	begun, answers := time.Now(), make(chan struct{}, len(tills))
	for i, till := range tills {
		go func() {
			b, err := till.Finalize(s.t.Context(), f.baskets[i], sim.NewKey())
			if f.errs[i] = err; err == nil {
				f.receipts[i] = b.ReceiptNo
			}
			answers <- struct{}{}
		}()
	}
	require.Eventually(s.t, func() bool {
		return watcher.count(waiting) == int64(len(tills)) || time.Since(begun) > lockTimeout
	}, patience, waitStep)
	stopped := make(chan error, 1)
	go func() { stopped <- s.Halt(s.t.Context(), sim.EdgeServer) }()
	s.awaitClosedDoor()
	f.inFlight = len(answers) == 0
	admin.run("rollback")
	f.held = time.Since(begun)
	for range tills {
		<-answers
	}
	require.NoError(s.t, <-stopped)
	require.Zero(s.t, s.ExitCode(sim.EdgeServer))
	return f
}

// awaitClosedDoor waits until the edge takes no new connections.
func (s *shop) awaitClosedDoor() {
	s.t.Helper()
	address := strings.TrimPrefix(s.Store().EdgeURL, "http://")
	require.Eventually(s.t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, patience, time.Millisecond, "it takes no new connections")
}
