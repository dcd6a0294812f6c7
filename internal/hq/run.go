package hq

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tiem/internal/door"
	"tiem/internal/postgres"
)

// A stop is one budget of 10 s, from the word to stop to the end of Close. On Linux it
// holds if any of these hangs: a request, a stream, a look at the disk; a connection
// to the database, in use or not; and of a PostgreSQL of ours the postmaster, or any
// process that must be gone before the checkpoint of its stop (a backend, whoever is
// connected to it, what belongs to autovacuum, the background writer, …). What is left
// then is COMMITs whose answers nobody heard, and a store that was not answered sends
// again.
//
// Once PostgreSQL may write that checkpoint it has 20 s from when it was told to stop,
// and is ended behind that: so long may a slow disk take, and a process that hangs
// there (the checkpointer, the archiver, a standby's sender).
const (
	stopTime  = 10 * time.Second
	leaveTime = 4 * time.Second // of it, for running requests; streams leave half a second before
)

// service is a part of Run that ends when its context does.
type service struct {
	does string // in the log, if it does not end
	run  func(ctx context.Context) error
}

// Run listens on HQ_ADDR and HQ_GRPC_ADDR (unless Listen has) and serves until
// ctx is done; then it asks the streams to go and lets the running requests
// finish, for up to 4 s. What has not ended by then is logged and left. Close is
// the caller's, at once: the time that a stop takes runs from here.
func (a *App) Run(ctx context.Context) error {
	if err := a.Listen(ctx); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "HQ is listening", "address", a.Addr(), "grpc_address", a.GRPCAddr(), "tls", a.cfg.TLSCert != "", "scripts_allowed", a.cfg.Token != "")
	services := []service{
		{"requests", func(ctx context.Context) error { return door.Serve(ctx, a.listener, a.door, a.log) }},
		{"a look at the disk", func(ctx context.Context) error { a.space.Run(ctx); return nil }},
	}
	if a.streams != nil {
		services = append(services, service{"streams", func(ctx context.Context) error { return a.streams.Serve(ctx, a.streamsListener) }})
	}
	err := a.serve(ctx, services)
	a.log.InfoContext(ctx, "HQ has stopped listening")
	return err
}

// serve runs the services until ctx is done or one of them fails, and then until
// they have ended or their time is over.
func (a *App) serve(ctx context.Context, services []service) error {
	var mu sync.Mutex
	running := map[string]bool{}
	all, both := errgroup.WithContext(ctx) // if one listener fails, the others stop, too
	for _, s := range services {
		running[s.does] = true
	}
	for _, s := range services {
		all.Go(func() error {
			err := s.run(both)
			mu.Lock()
			defer mu.Unlock()
			delete(running, s.does)
			return err
		})
	}
	ended := make(chan error, 1)
	go func() { ended <- all.Wait() }()
	<-both.Done()
	a.stopBy = time.Now().Add(stopTime)
	late := time.NewTimer(leaveTime)
	defer late.Stop()
	select {
	case err := <-ended:
		return err
	case <-late.C:
	}
	mu.Lock()
	defer mu.Unlock()
	for does := range running {
		a.log.WarnContext(ctx, "something did not end at shutdown and is left", "what", does, "after_ms", leaveTime.Milliseconds())
	}
	if ctx.Err() == nil {
		return context.Cause(both) // nobody asked for a stop: a listener has failed
	}
	return nil
}

// Close ends what Open or Attach began: connections, and a PostgreSQL of ours. If
// these hang, it is over within 10 s of the word to Run to stop (what that holds for
// is said there), and without a Run within postgres.HungClose.
func (a *App) Close() error {
	if a.release == nil {
		return nil
	}
	by := a.stopBy
	if by.IsZero() {
		by = time.Now().Add(postgres.HungClose)
	}
	return a.release(by)
}
