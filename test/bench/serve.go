package main

import (
	"context"
	"net"
	"time"

	"tiem/internal/edge"
)

// serve runs the whole store edge, relay and all, on the shop's database.
func (sh *shop) serve(ctx context.Context, cfg edge.Config) (halt func() error, err error) {
	app, err := edge.New(sh.db, settings(cfg), productionLog())
	if err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	sh.app = app
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- app.Serve(running, ln) }()
	return func() error { stop(); return <-done }, nil
}

// settings are a store edge's with their defaults.
func settings(c edge.Config) edge.Config {
	c.StoreID, c.Currency, c.Timezone, c.DayStart = storeID, "VND", "Asia/Ho_Chi_Minh", "00:00"
	c.SyncTimeout, c.SyncRetryMin, c.SyncRetryMax, c.SyncBatch, c.SyncBatchBacklog = 5*time.Second, 200*time.Millisecond, 30*time.Second, 50, 500
	c.HealthInterval, c.HealthFailures = time.Second, 3
	return c
}
