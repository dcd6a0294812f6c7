// Package postgres is everything Tiệm knows about PostgreSQL that is not SQL:
// a pool, transactions with a queue that travels with COMMIT, migrations, the
// translation of SQLSTATE into faults, and a managed local server for shops
// that have nobody to install one.
//
// # Transactions
//
// DB.InTx runs a callback in one READ COMMITTED transaction. Three rules make
// it what the rest of the program builds on:
//
//   - BEGIN travels with the first statement and the queue (Tx.Queue) travels
//     with COMMIT, so the last writes of a transaction cost no round trip of
//     their own and the locks that they need are held for one trip only. What
//     takes a lock that everybody wants goes last of all (Tx.Last).
//   - A transaction that PostgreSQL certainly rolled back (serialization
//     failure, deadlock) is run again a few times: the callback must have no
//     effect outside its Tx. What must happen once, after success, is
//     registered with Tx.AfterCommit.
//   - A COMMIT whose answer is lost is never run again, because it may have
//     happened. The caller gets a fault of kind Unknown, code commit_unknown,
//     and looks its own id up.
//
// The flush is detached from the caller's cancellation: a till that hangs up
// while COMMIT is on its way must not turn a known outcome into a doubt.
//
// # The managed server
//
// StartServer and AttachServer run PostgreSQL as a child of this program, in
// its data directory, from the binaries on the machine; see managed.go.
package postgres
