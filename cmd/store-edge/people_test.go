package main

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
)

func TestTills(t *testing.T) {
	s := newShop(t)
	added := s.run("terminal", "add", "--id", "T1", "--name", "Quầy 1")
	require.Regexp(t, `(?m)^terminal  T1$`, added)
	require.Regexp(t, `(?m)^token     [0-9a-f]{64}$`, added)
	r := s.refuses(1, "terminal T1 exists already", "terminal", "add", "--id", "T1")
	require.Contains(t, r.stderr, "--rotate")
	require.Empty(t, r.stdout, "a refusal prints no token")
	s.refuses(1, "1 to 16 letters and digits", "terminal", "add", "--id", "T-1")

	var rotated struct {
		ID    string `json:"terminal_id"`
		Token string `json:"token"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.run("terminal", "add", "--id", "T1", "--rotate", "--json")), &rotated))
	require.Equal(t, "T1", rotated.ID)
	require.NotContains(t, added, rotated.Token)
	require.Regexp(t, `(?m)^T1 +Quầy 1 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +never$`, s.run("terminal", "list"))
	require.Contains(t, s.run("terminal", "list", "--json"), `"terminal_id": "T1"`)
	require.NotContains(t, s.run("terminal", "list", "--json"), rotated.Token)

	for range 2 {
		require.Contains(t, s.run("terminal", "revoke", "--id", "T1"), "terminal T1 is revoked")
	}
	require.Regexp(t, `(?m)^T1 +Quầy 1 +\S+ \S+ +\d{4}-`, s.run("terminal", "list"))
	s.refuses(1, "there is no such terminal", "terminal", "revoke", "--id", "T9")
}

func TestPairingCode(t *testing.T) {
	s := newShop(t)
	require.Regexp(t, `^terminal  T6\ncode      [0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\nGood once, until \d{4}-.*\.\n$`, s.run("terminal", "pair", "--id", "T6", "--name", "Quầy 6"))
	var code struct {
		ID   string `json:"terminal_id"`
		Code string `json:"code"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.run("terminal", "pair", "--id", "T6", "--json")), &code))
	require.Equal(t, "T6", code.ID)
	require.Len(t, code.Code, 9)
	s.refuses(1, "1 to 16 letters and digits", "terminal", "pair", "--id", "T 6")
	require.NotContains(t, s.run("terminal", "list"), "T6", "nothing is there until the code is used")
	s.refuses(1, "a name is 1 to 60 characters", "terminal", "pair", "--id", "T6", "--name", "Quầy\t6")
	s.refuses(1, "a name is 1 to 60 characters", "terminal", "add", "--id", "T6", "--name", "Quầy\x1b[2J")
	r := s.refuses(1, "may be a card's number", "staff", "add", "--id", "C1", "--name", "4111 1111 1111 1111")
	require.NotContains(t, r.stderr, "4111")
}

// The person whom staff add and reset-pin print.
type person struct {
	ID   string `json:"cashier_id"`
	Role string `json:"role"`
	PIN  string `json:"pin"`
}

func (s shop) person(args ...string) (p person) {
	s.t.Helper()
	require.NoError(s.t, json.Unmarshal([]byte(s.run(append(args, "--json")...)), &p))
	return p
}

func TestStaff(t *testing.T) {
	s := newShop(t)
	added := s.run("staff", "add", "--id", "C1", "--name", "Lan")
	require.Regexp(t, `(?m)^cashier   C1$`, added)
	require.Regexp(t, `(?m)^PIN       [0-9]{6}$`, added)
	minh := s.person("staff", "add", "--id", "M1", "--name", "Minh", "--role", "manager")
	require.Equal(t, []string{"M1", "manager"}, []string{minh.ID, minh.Role})
	require.Regexp(t, `^[0-9]{6}$`, minh.PIN)
	require.Equal(t, person{"C2", "cashier", "4826"}, s.person("staff", "add", "--id", "C2", "--name", "Hoa", "--pin", "4826"))
	r := s.refuses(1, "4 to 8 digits", "staff", "add", "--id", "C3", "--name", "Tú", "--pin", "1234")
	require.NotContains(t, r.stderr, "1234", "a PIN is not repeated")
	r = s.refuses(1, "C1 is on the staff already", "staff", "add", "--id", "C1", "--name", "Another")
	require.Empty(t, r.stdout)

	require.Contains(t, s.run("staff", "disable", "--id", "C1"), "C1")
	s.exec("update staff set pin_hash = null where cashier_id = 'C2'")
	list := s.run("staff", "list")
	require.Regexp(t, `(?m)^C1 +cashier +Lan +yes +\S+ \S+ +\d{4}-`, list)
	require.Regexp(t, `(?m)^C2 +cashier +Hoa +no +\S+ \S+ +never$`, list)
	require.Regexp(t, `(?m)^M1 +manager +Minh +yes +`, list)
	require.Contains(t, s.run("staff", "list", "--json"), `"role": "manager"`)
	require.NotContains(t, s.run("staff", "list", "--json"), "argon2id")
	require.Contains(t, s.run("staff", "enable", "--id", "C1"), "C1")
	require.Regexp(t, `(?m)^C1 .* never$`, s.run("staff", "list"))

	require.Regexp(t, `(?m)^PIN       [0-9]{6}$`, s.run("staff", "reset-pin", "--id", "C2"))
	require.Equal(t, person{"C2", "", "73914"}, s.person("staff", "reset-pin", "--id", "C2", "--pin", "73914"))
	for _, command := range []string{"disable", "enable", "reset-pin"} {
		s.refuses(1, "nobody on the staff has this id", "staff", command, "--id", "C9")
	}
}

func TestAuditList(t *testing.T) {
	s := newShop(t)
	s.run("terminal", "add", "--id", "T1")
	s.run("staff", "add", "--id", "C1", "--name", "Lan")
	s.exec(`insert into audit_log (at, terminal_id, cashier_id, approved_by, action, subject, reason, detail)
		values (now(), 'T1', 'C1', 'M1', 'basket.voided', '0199a3f0-5c1e-7d43-8a53-1f2e3d4c5b6a', 'khách đổi ý', '{"lines":2}')`)
	table := s.run("audit", "list")
	require.Regexp(t, `(?m)^ID +AT +TERMINAL +BY +APPROVED +ACTION +SUBJECT +REASON$`, table)
	require.Regexp(t, `(?m)^1 +\S+ \S+ +- +- +- +terminal\.added +T1 +$`, table)
	require.Regexp(t, `(?m)^3 +\S+ \S+ +T1 +C1 +M1 +basket\.voided +0199a3f0-\S+ +khách đổi ý$`, table)
	var entry struct {
		ID         int            `json:"id"`
		ApprovedBy string         `json:"approved_by"`
		Detail     map[string]int `json:"detail"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.run("audit", "list", "--json", "--after", "2")), &entry))
	require.Equal(t, 3, entry.ID)
	require.Equal(t, "M1", entry.ApprovedBy)
	require.Equal(t, map[string]int{"lines": 2}, entry.Detail)
	s.exec("insert into audit_log (at, action) select now(), 'pin.wrong' from generate_series(1, 997)")
	var ids int
	require.NoError(t, s.db.QueryRow(t.Context(), "select count(*) from audit_log").Scan(&ids))
	require.Equal(t, 1000, ids)
	require.Regexp(t, `(?m)^1000 `, s.run("audit", "list"), "to the end, page by page")
}

// What people read before they act says what happens next, with an example.
func TestHelpOfPeopleAndTills(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"terminal", "add"}, []string{"--rotate", "leaked", "store-edge terminal add --id T1"}},
		{[]string{"terminal", "pair"}, []string{"ten minutes", "store-edge terminal pair --id T6", "POST /v1/terminals"}},
		{[]string{"terminal", "revoke"}, []string{"token_invalid", "resumed at any other till", "store-edge terminal revoke --id T3"}},
		{[]string{"terminal", "list"}, []string{"never shown"}},
		{[]string{"staff", "add"}, []string{"--pin", "--role", "store-edge staff add --id C7"}},
		{[]string{"staff", "disable"}, []string{"cashier_disabled", "basket is kept", "store-edge staff disable --id C7"}},
		{[]string{"staff", "enable"}, []string{"store-edge staff enable --id C7"}},
		{[]string{"staff", "reset-pin"}, []string{"forgotten", "store-edge staff reset-pin --id C7"}},
		{[]string{"staff", "list"}, []string{"never shown"}},
		{[]string{"audit", "list"}, []string{"append-only", "store-edge audit list"}},
	} {
		help := storeEdge(t, nil, append(c.args, "--help")...).stdout
		for _, text := range c.says {
			require.Contains(t, help, text, "%v", c.args)
		}
	}
}
