package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tiem/demo"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres"
	"tiem/internal/sim"
	"tiem/internal/wire"
)

// pinnedShop is a shop as it is delivered: store-edge and its PostgreSQL as
// processes on one core, hq-platform and its PostgreSQL on another, and a line
// between them that can be cut.
type pinnedShop struct {
	*sim.Installation

	dir          string
	line         *sim.Line
	client       *sim.EdgeClient
	db           *postgres.DB // the edge's, for what no API gives: a backlog, and vacuum
	hq           *postgres.DB
	core, office int
	writer       *hqtest.Shop // of backlogs
	release      func() error // of this process' own pin
}

// openPinnedShop builds the programs, pins them and brings them up. This process
// goes to HQ's core, where it comes first: HQ is nice to it.
func openPinnedShop(ctx context.Context) (s *pinnedShop, err error) {
	s = &pinnedShop{writer: hqtest.NewShop(storeID)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.core, s.office, err = twoCores(); err != nil {
		return s, err
	}
	if s.dir, err = os.MkdirTemp("", "tiem-bench-"); err == nil {
		err = os.Chmod(s.dir, 0o711) // as root, PostgreSQL runs as another user, who must get to it
	}
	if err == nil {
		err = s.build(ctx)
	}
	if err == nil {
		err = s.start(ctx)
	}
	if err == nil {
		s.release, err = pinSelf(ctx, s.office)
	}
	return s, err
}

func (s *pinnedShop) build(ctx context.Context) error {
	programs := filepath.Join(s.dir, "programs")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", programs+string(filepath.Separator), "tiem/cmd/store-edge", "tiem/cmd/hq-platform")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	if err := os.Mkdir(s.bin(), 0o711); err != nil {
		return err
	}
	const yields = 10 // of 19: this process and HQ share a core, and the tills' clocks are here
	return errors.Join(pinned(s.bin(), filepath.Join(programs, "store-edge"), s.core, 0),
		pinned(s.bin(), filepath.Join(programs, "hq-platform"), s.office, yields))
}

func (s *pinnedShop) bin() string { return filepath.Join(s.dir, "bin") }

func (s *pinnedShop) start(ctx context.Context) error {
	line, hq, grpc, err := sim.LineToHQ(ctx)
	if err != nil {
		return err
	}
	s.line = line
	var terminals []string
	for i := range tills {
		terminals = append(terminals, fmt.Sprintf("T%d", i+1))
	}
	s.Installation, err = sim.Start(ctx, sim.Options{Bin: s.bin(), DataDir: filepath.Join(s.dir, "data"), Catalogue: demo.Catalogue, HQAddr: hq, HQGRPC: grpc,
		Terminals: terminals, StoreID: storeID, EdgeEnv: append(line.Settings(tillsSpeak), "SYNC_RETRY_MAX=1s", "HEALTH_INTERVAL=200ms")})
	if err != nil {
		return err
	}
	s.client = sim.NewEdgeClient(s.Store().EdgeURL, s.Store().Tills[0].Token)
	if s.db, err = s.admin(ctx, "edge"); err != nil {
		return err
	}
	if s.hq, err = s.admin(ctx, "hq"); err != nil {
		return err
	}
	return s.checkPins()
}

// admin is an administrator's way into a server's database. Vacuum is the
// bench's own from now on, so that none falls into one state alone.
func (s *pinnedShop) admin(ctx context.Context, name string) (*postgres.DB, error) {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + name,
		RawQuery: url.Values{"host": {filepath.Join(s.dir, "data", name, "postgres")}, "port": {"5432"}, "sslmode": {"disable"}}.Encode()}
	db, err := postgres.Open(ctx, u.String(), postgres.PoolConfig{MaxConns: 1})
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{"alter system set autovacuum = off", "alter system set checkpoint_timeout = '30min'", "select pg_reload_conf()"} {
		if _, err := db.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
	}
	return db, nil
}

// checkPins: figures of processes that run where they like are no figures.
func (s *pinnedShop) checkPins() error {
	for part, core := range map[sim.Part]int{sim.EdgeServer: s.core, sim.EdgePostgres: s.core, sim.HQServer: s.office, sim.HQPostgres: s.office} {
		if on := coresOf(strconv.Itoa(s.PID(part))); on != strconv.Itoa(core) {
			return fmt.Errorf("%s is on core %q, not on %d", part, on, core)
		}
	}
	return nil
}

func (s *pinnedShop) close() error {
	var errs []error
	if s.release != nil {
		errs = append(errs, s.release())
	}
	for _, db := range []*postgres.DB{s.db, s.hq} {
		if db != nil {
			db.Close()
		}
	}
	if s.client != nil {
		s.client.Close()
	}
	if s.Installation != nil {
		errs = append(errs, s.Stop())
	}
	if s.line != nil {
		errs = append(errs, s.line.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// await polls the edge's status.
func (s *pinnedShop) await(ctx context.Context, what string, holds func(sim.EdgeStatus) bool) error {
	const patience = 3 * time.Minute
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("waited %s for the edge to be %s", patience, what))
	defer cancel()
	for {
		status, err := s.client.Status(ctx)
		if err == nil && holds(status) {
			return nil
		}
		if pauseFor(ctx, 20*time.Millisecond) != nil {
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

// fill writes real events behind the head of the edge's log, with a real chain,
// until so many are pending. The tills rest and the line is cut meanwhile.
func (s *pinnedShop) fill(ctx context.Context, backlog int) error {
	status, err := s.client.Status(ctx)
	if err != nil {
		return err
	}
	missing := int64(backlog) - status.PendingEvents
	if missing > 0 {
		err = s.db.Pool().AcquireFunc(ctx, unguarded(ctx, func(conn *pgx.Conn) error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return s.write(ctx, tx, missing) })
		}))
	}
	if err != nil {
		return fmt.Errorf("the backlog: %w", err)
	}
	return settle(ctx, s.db)
}

func (s *pinnedShop) write(ctx context.Context, tx pgx.Tx, events int64) error {
	const portion = 1000 // sales in memory at once
	var head int64
	var hash []byte
	if err := tx.QueryRow(ctx, "select last_id, last_hash from outbox_head for update").Scan(&head, &hash); err != nil {
		return err
	}
	for prev := wire.Hash(hash); events > 0; {
		s.writer.Events = nil
		for range min(portion, (events+2)/3) {
			s.writer.Sell(fourLines(int(s.writer.Head()))...)
		}
		written := s.writer.Events
		for i := range written {
			e := &written[i]
			head++
			e.ID = head
			e.Payload = strings.Replace(e.Payload, `"receipt_no":"S1-T1-`, `"receipt_no":"S1-T1-9`, 1) // no till prints such a number
			e.Hash = e.Chain(prev)
			prev = e.Hash
		}
		if err := copyOutbox(ctx, tx, "outbox", written); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "update outbox_head set last_id = $1, last_hash = $2", head, prev[:]); err != nil {
			return err
		}
		events -= int64(len(written))
	}
	return nil
}

// check refuses figures of a run in which something was lost, or set aside.
func (s *pinnedShop) check(ctx context.Context) error {
	client := sim.NewHQClient(s.Store().HQURL, s.Store().HQToken)
	defer client.Close()
	edge, err := s.client.Status(ctx)
	if err != nil {
		return err
	}
	hq, err := client.Sync(ctx, storeID)
	if err != nil {
		return err
	}
	if hq.ReceivedUpto != edge.Head || edge.PendingEvents != 0 || hq.Quarantined != 0 {
		return fmt.Errorf("HQ has %d of %d events, %d set aside", hq.ReceivedUpto, edge.Head, hq.Quarantined)
	}
	return nil
}
