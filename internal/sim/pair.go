package sim

import (
	"context"
	"fmt"
	"net/http"
)

// PairingCode makes a code with which a till becomes the terminal of that id;
// the till's cashier must be allowed to (a manager).
func (t *Till) PairingCode(ctx context.Context, terminalID, name string) (string, error) {
	body := struct {
		TerminalID string `json:"terminal_id"`
		Name       string `json:"name"`
	}{terminalID, name}
	r := request{method: http.MethodPost, path: "/v1/pairing-codes"}
	if err := r.encode(body); err != nil {
		return "", err
	}
	var made struct {
		Code string `json:"code"`
	}
	return made.Code, t.send(ctx, r, &made)
}

// Pair makes whoever knows the code a terminal of the edge at base. It is not
// repeated when the answer is lost: the code is used up then.
func Pair(ctx context.Context, base, code string) (Login, error) {
	edge := NewEdgeClient(base, "")
	defer edge.Close()
	r := request{method: http.MethodPost, path: "/v1/terminals"}
	if err := r.encode(map[string]string{"code": code}); err != nil {
		return Login{}, err
	}
	var login Login
	return login, edge.do(ctx, r, &login)
}

// PairTills pairs n terminals of its own, SIM1 to SIMn, with a running shop: the
// manager signs in at the store's first terminal and makes the codes, each till
// redeems one. Terminals of these names that were there are paired anew: who
// sold on them before is out.
func PairTills(ctx context.Context, store Store, n int) ([]Login, error) {
	manager := NewTill(store.EdgeURL, store.Tills[0], store.ManagerID)
	defer manager.Close()
	logins := make([]Login, n)
	for i := range logins {
		id := fmt.Sprintf("SIM%d", i+1)
		code, err := manager.PairingCode(ctx, id, "pos-sim "+id)
		if err != nil {
			return nil, err
		}
		if logins[i], err = Pair(ctx, store.EdgeURL, code); err != nil {
			return nil, err
		}
		logins[i].PINs = store.Tills[0].PINs
	}
	return logins, manager.SignOut(ctx)
}
