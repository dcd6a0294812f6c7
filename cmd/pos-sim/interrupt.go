package main

import (
	"os"
	"os/signal"
	"syscall"
)

// secondInterrupt is closed at the second SIGINT or SIGTERM (the first is what
// package program hears); rest stops listening.
func secondInterrupt() (second <-chan struct{}, rest func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	closed, ended := make(chan struct{}), make(chan struct{})
	go func() {
		for range 2 {
			select {
			case <-signals:
			case <-ended:
				return
			}
		}
		close(closed)
	}()
	return closed, func() {
		signal.Stop(signals)
		close(ended)
	}
}
