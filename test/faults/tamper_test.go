package faults

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// tampering is something that somebody with the database's password does behind
// the program's back; undo makes it as it was.
type tampering struct {
	what, do string
	undo     string
	named    string // what the verifier must say
}

// tampered does it, asks the verifier, which must fail and name the row, and
// puts everything back, as proven finds.
func (s *shop) tampered(server sim.Part, c tampering, verify ...string) {
	s.t.Helper()
	admin := s.session(server)
	admin.run("set session_replication_role = replica") // no trigger fires
	admin.run(c.do)
	_, err := s.Command(s.t.Context(), server, verify...)
	require.ErrorContains(s.t, err, c.named, "%s", c.what)
	require.ErrorContains(s.t, err, "exit status 1")
	s.did("%s: the verifier says «%s»", c.what, c.named)
	admin.run(c.undo)
}

func TestFault59EdgeLogTampered(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 4 {
		s.sell()
	}
	head := s.proven().Events
	row := 2 + seeded(t).Int64N(head-2) // not the first, which is large, nor the last
	s.session(sim.EdgeServer).run("create table kept as select * from outbox")
	back := "delete from outbox; insert into outbox select * from kept"
	for _, c := range []tampering{
		{what: "a payload edited", do: fmt.Sprintf("update outbox set payload = replace(payload, ':', ': ') where id = %d", row),
			named: fmt.Sprintf("event %d is not what was written", row)},
		{what: "a time edited", do: fmt.Sprintf("update outbox set occurred_at = occurred_at - interval '1 hour' where id = %d", row),
			named: fmt.Sprintf("event %d is not what was written", row)},
		{what: "a row deleted", do: fmt.Sprintf("delete from outbox where id = %d", row), named: fmt.Sprintf("event %d is missing", row)},
		{what: "the tail deleted", do: fmt.Sprintf("delete from outbox where id >= %d", row), named: fmt.Sprintf("event %d is missing", row)},
		{what: "a row put behind the end", do: fmt.Sprintf("insert into outbox select (jsonb_populate_record(o, jsonb_build_object('id', %d, 'event_id', gen_random_uuid()))).* from outbox o where id = %d", head+1, head),
			named: fmt.Sprintf("event %d is not what was written", head+1)},
	} {
		c.undo = back
		s.tampered(sim.EdgeServer, c, "outbox", "verify")
	}
	s.session(sim.EdgeServer).run("drop table kept")
	require.Equal(t, 4, s.proven().Sales)
}

func TestFault59HQLogTampered(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 4 {
		s.sell()
	}
	head := s.proven().Events
	row := 2 + 3*seeded(t).Int64N(3) // a sale
	require.Less(t, row, head)
	admin := s.session(sim.HQServer)
	admin.run("create table kept as select * from hq_inbox")
	admin.run("create table kept_sales as select * from hq_transactions")
	log := "delete from hq_inbox; insert into hq_inbox select * from kept"
	sales := "delete from hq_transactions; insert into hq_transactions select * from kept_sales"
	named := fmt.Sprintf("hq_inbox S1 event %d", row)
	for _, c := range []tampering{
		{"a payload edited", fmt.Sprintf("update hq_inbox set payload = replace(payload, ':', ': ') where id = %d", row), log, named},
		{"a cashier edited", fmt.Sprintf("update hq_inbox set cashier_id = 'M1' where id = %d", row), log, named},
		{"a row deleted", fmt.Sprintf("delete from hq_inbox where id = %d", row), log, named},
		{"the tail deleted", fmt.Sprintf("delete from hq_inbox where id >= %d", row), log, "store_streams S1"},
		{"a total edited", fmt.Sprintf("update hq_transactions set gross = gross + 1, tax = tax + 1, total = total + 1, paid = paid + 1 where inbox_id = %d", row), sales, "hq_transactions S1"},
		{"a sale deleted", fmt.Sprintf("delete from hq_transactions where inbox_id = %d", row), sales, "hq_transactions S1"},
	} {
		s.tampered(sim.HQServer, c, "verify", "--store", "S1")
	}
	admin.run("drop table kept, kept_sales")
	require.Equal(t, 4, s.proven().Sales)
}
