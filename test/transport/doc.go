// Package transport tests both ends of the line to HQ against each other: the
// edge's ways (internal/edge/uplink) and an HQ with its two listeners, in one
// process, on loopback, with HQ's PostgreSQL. What a store's relay makes of them
// is told in test/told and test/faults; here a test is the store.
package transport
