package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"tiem/internal/edge"
	"tiem/internal/hq"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
	"tiem/internal/program"
	"tiem/internal/wire"
)

// playHQ is an hq-platform on a database that is there, as a process of its own:
// what it takes is its alone, and nothing of the shop's is in its way.
func playHQ(ctx context.Context, order childOrder) (childState, func(context.Context, string) (childState, error), error) {
	program.TuneCollector()
	db, err := postgres.Open(ctx, order.Database, postgres.PoolConfig{})
	if err != nil {
		return childState{}, nil, err
	}
	app := hq.New(db, hq.Config{Addr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0"}, productionLog())
	if err := app.Listen(ctx); err != nil {
		return childState{}, nil, err
	}
	go func() {
		if err := app.Run(ctx); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "bench: HQ:", err)
		}
	}()
	return childState{HTTP: app.Addr(), GRPC: app.GRPCAddr()}, tellMemory, nil
}

// tellMemory is a child's answer to any command: what it uses, after collections.
func tellMemory(context.Context, string) (childState, error) {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return childState{Heap: m.HeapInuse, Stack: m.StackInuse}, nil
}

// office is an HQ: its database, and the process that serves it.
type office struct {
	*child

	db    *postgres.DB
	token string // of store storeID
}

func openOffice(ctx context.Context, s *stage, database string) (*office, error) {
	db, err := s.database(ctx, database, hqdb.Migrations, postgres.PoolConfig{})
	if err != nil {
		return nil, err
	}
	o := &office{db: db}
	if o.token, err = fleet.New(db).Add(ctx, storeID, "Nguyễn Trãi"); err != nil {
		return nil, err
	}
	at, err := s.url(database)
	if err != nil {
		return nil, err
	}
	if o.child, err = startChild(ctx, childOrder{Role: "hq", Database: at}); err != nil {
		db.Close()
		return nil, err
	}
	return o, nil
}

// spoken are the protocols as people write them.
var spoken = map[string]string{wire.HTTP: "HTTP", wire.GRPC: "gRPC"}

// line is how a store edge gets to this HQ.
func (o *office) line(protocol string) edge.Config {
	return edge.Config{HQURL: "http://" + o.HTTP, HQGRPCTarget: o.GRPC, StoreToken: o.token, SyncProtocol: protocol}
}

func (o *office) close() error {
	o.db.Close()
	return o.child.close()
}
