package edge_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/postgres"
)

// People at T1: C1's open session and one that has ended, M1's approval for C1
// and one that was used, a pairing code and one that was used.
const somePeople = someRows + `
	update staff set pin_hash = '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$a2V5';
	insert into sessions values (sha256('open'), 'T1', 'C1', now(), now() + interval '12 h', null), (sha256('ended'), 'T1', 'C1', now(), now() + interval '12 h', now());
	insert into approvals values (sha256('good'), 'T1', 'C1', 'M1', 'discount', '00000000-0000-7000-8000-000000000003', now(), now() + interval '2 min', null),
	  (sha256('used'), 'T1', 'C1', 'M1', 'discount', '00000000-0000-7000-8000-000000000003', now(), now() + interval '2 min', now());
	insert into pairing_codes values (sha256('good'), 'T9', 'Till 9', 'M1', now(), now() + interval '10 min', null), (sha256('used'), 'T9', 'Till 9', 'M1', now(), now() + interval '10 min', now());
	insert into pin_attempts values ('C1', 'T1', 4, now());
	insert into audit_log (at, action) values (now(), 'staff.added')`

func smallWithPeople(t *testing.T) *edge.App {
	t.Helper()
	app := open(t)
	_, err := app.DB.Exec(t.Context(), somePeople)
	require.NoError(t, err)
	return app
}

func TestTheDatabaseRefusesOfPeople(t *testing.T) {
	t.Parallel()
	app := smallWithPeople(t)
	for _, c := range []struct{ name, state, sql string }{
		{"a person is deleted", never, "delete from staff where cashier_id = 'C1'"},
		{"a person gets another id", never, "update staff set cashier_id = 'C9' where cashier_id = 'C1'"},
		{"a person was always there", never, "update staff set created_at = '2020-01-01'"},
		{"a person goes to another store", never, "update staff set store_id = 'S2'"},
		{"a PIN in plain text", check, "update staff set pin_hash = '4826'"},
		{"a PIN of another function", check, "update staff set pin_hash = '$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$a2V5'"},
		{"a role that nobody has", check, "update staff set role = 'owner'"},

		{"a session begins again", never, "update sessions set ended_at = null where token_hash = sha256('ended')"},
		{"a session ends twice", never, "update sessions set ended_at = now() + interval '1 h' where token_hash = sha256('ended')"},
		{"a session lasts longer", never, "update sessions set expires_at = expires_at + interval '1 h' where token_hash = sha256('open')"},
		{"a session becomes another's", never, "update sessions set cashier_id = 'M1' where token_hash = sha256('open')"},
		{"a session moves to another till", never, "update sessions set terminal_id = 'T2' where token_hash = sha256('open')"},
		{"a session gets another token", never, "update sessions set token_hash = sha256('x') where token_hash = sha256('open')"},
		{"a session of nobody", "23503", "insert into sessions values (sha256('x'), 'T1', 'C9', now(), now() + interval '1 h', null)"},
		{"a session at no till", "23503", "insert into sessions values (sha256('x'), 'T9', 'C1', now(), now() + interval '1 h', null)"},
		{"a session that was over before it began", check, "insert into sessions values (sha256('x'), 'T1', 'C1', now(), now(), null)"},

		{"an approval is used twice", never, "update approvals set used_at = now() + interval '1 s' where token_hash = sha256('used')"},
		{"an approval is good again", never, "update approvals set used_at = null where token_hash = sha256('used')"},
		{"an approval for more", never, "update approvals set permission = 'override_price' where token_hash = sha256('good')"},
		{"an approval for another basket", never, "update approvals set transaction_id = gen_random_uuid() where token_hash = sha256('good')"},
		{"an approval for another cashier", never, "update approvals set cashier_id = 'M1', approved_by = 'C1' where token_hash = sha256('good')"},
		{"an approval for longer", never, "update approvals set expires_at = now() + interval '1 h' where token_hash = sha256('good')"},
		{"somebody approves what they ask for", check, "insert into approvals values (sha256('x'), 'T1', 'M1', 'M1', 'discount', gen_random_uuid(), now(), now() + interval '2 min', null)"},
		{"nobody approves", "23503", "insert into approvals values (sha256('x'), 'T1', 'C1', 'M9', 'discount', gen_random_uuid(), now(), now() + interval '2 min', null)"},

		{"a pairing code is used twice", never, "update pairing_codes set used_at = now() + interval '1 s' where code_hash = sha256('used')"},
		{"a pairing code for another till", never, "update pairing_codes set terminal_id = 'T1' where code_hash = sha256('good')"},
		{"a pairing code for longer", never, "update pairing_codes set expires_at = now() + interval '1 h' where code_hash = sha256('good')"},
		{"a counter of wrong PINs below one", check, "update pin_attempts set failures = 0"},

		{"an audit entry changes", never, "update audit_log set action = 'nothing'"},
		{"an audit entry is deleted", never, "delete from audit_log"},
		{"the audit log is cut off", never, "truncate audit_log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := app.DB.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
				_, err := tx.Exec(ctx, c.sql)
				return errors.Join(err, errUndo)
			})
			require.Equal(t, c.state, postgres.SQLState(err), "%v", err)
		})
	}
}

// The guards let pass what the program does: else they would be cheap.
func TestTheDatabaseAllowsOfPeople(t *testing.T) {
	t.Parallel()
	app := smallWithPeople(t)
	for _, c := range []struct{ name, sql string }{
		{"a person is disabled", "update staff set disabled_at = now() where cashier_id = 'C1'"},
		{"and enabled", "update staff set disabled_at = null where cashier_id = 'C1'"},
		{"a new PIN", "update staff set pin_hash = '$argon2id$v=19$m=19456,t=1,p=1$c2FsdHNhbHQ$a2V5' where cashier_id = 'C1'"},
		{"somebody signs out", "update sessions set ended_at = now() where token_hash = sha256('open')"},
		{"an approval is used", "update approvals set used_at = now() where token_hash = sha256('good')"},
		{"a pairing code is used", "update pairing_codes set used_at = now() where code_hash = sha256('good')"},
		{"old ones are dropped", "with a as (delete from sessions), b as (delete from approvals), c as (delete from pairing_codes) delete from pin_attempts"},
	} {
		_, err := app.DB.Exec(t.Context(), c.sql)
		require.NoError(t, err, c.name)
	}
}
