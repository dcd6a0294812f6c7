// Command bench measures sales and sync against physical limits and writes
// docs/benchmarks.md. `make bench` runs it.
//
// # What is compared
//
// Every figure is a ratio of two things that did the same work in the same run,
// on the same PostgreSQL server, over the same socket, with fsync and
// synchronous_commit on: ours, and a floor (or a peer). The two alternate,
// round by round, and each round swaps who begins; the table shows the median
// ratio and the spread. Absolute figures stand beside them to give a feeling,
// and promise nothing: the machine is shared.
//
//   - finalize, http: a sale of four lines. The floor is floor.sql, one function
//     call a sale that reads and writes the same rows.
//   - intake: HQ's acceptance of batches, decoding and hashing included. The
//     floor is the bare INSERT … SELECT FROM unnest of the same rows.
//   - drain: a backlog over gRPC, and over HTTP. The peer is PostgreSQL's own
//     logical replication of the same tables between the same two servers.
//   - latency: from COMMIT at the shop to durable at HQ, over gRPC and over HTTP.
//     The peer is that replication; one observer looks at HQ for all of them.
//   - wire: the same over gRPC against HTTP, at three rates.
//   - idle: memory and processor time of an HQ with 10,000 idle streams. The floor
//     is a bare server of grpc-go with the same streams.
//   - reconnect: what live stores wait for while 2,000 others come back at once,
//     against before.
//   - flat: our own cost a sale with and without years of history in the tables.
//   - tills: what five tills wait for (p99 of add-item and finalize) while the line
//     is cut, and while a backlog drains, against the same while all is ONLINE. The
//     programs are processes, pinned: the shop to one core, HQ to another.
//
// From drain on, HQ is a process of its own: this program, started once more in
// one of its roles (child.go). Simulated stores are the store edge's own relay
// over logs in memory (crowd.go).
//
// # What may go wrong
//
// A contest that cannot be run ends the program with its error: a figure is
// never left out in silence. Ctrl-C stops the servers; everything lies in a
// scratch directory that is removed.
package main
