// Package httpapi is HQ's HTTP API under /v1: what stores, scripts and later
// the screens may ask. It translates and nothing more: authentication, JSON in,
// one use case, JSON out; the errors are faults, mapped to problems by the door.
//
// Who may call what:
//
//   - a store, with its own token: POST /v1/ingestion/events, and its own
//     /v1/stores/{id}/sync. A token never speaks for another store
//     (store_forbidden).
//   - a script, with HQ_TOKEN: everything else. If HQ_TOKEN is not set, nobody:
//     there is no default secret.
//
// Tokens are checked before the body is read, so a stranger learns nothing
// about it and costs no memory.
package httpapi
