package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"tiem/internal/fault"
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

// pairPatience is how long a till waits to be let in: the edge counts tries by
// the minute.
const pairPatience = 2 * time.Minute

// Pair makes whoever knows the code a terminal of the edge at base. It is not
// repeated when the answer is lost: the code is used up then. Who comes too often
// (429) is told before the code is looked at, and comes again after Retry-After.
func Pair(ctx context.Context, base, code string) (Login, error) {
	edge := NewEdgeClient(base, "")
	defer edge.Close()
	r := request{method: http.MethodPost, path: "/v1/terminals"}
	if err := r.encode(map[string]string{"code": code}); err != nil {
		return Login{}, err
	}
	for deadline := time.Now().Add(pairPatience); ; {
		var login Login
		err := edge.do(ctx, r, &login)
		wait := retryAfter(err)
		if statusOf(err) != http.StatusTooManyRequests || time.Now().Add(wait).After(deadline) {
			return login, err
		}
		if err := pause(ctx, wait); err != nil {
			return login, err
		}
	}
}

// retryAfter is how long a refusal asks to wait: a second, if it does not say.
func retryAfter(err error) time.Duration {
	const least = 10 * time.Millisecond // also of one that says 0
	if e := fault.As(err); e != nil {
		header, _ := e.Details["retry_after"].(string)
		if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
			return max(least, time.Duration(seconds)*time.Second)
		}
	}
	return time.Second
}

// PairTills pairs n terminals of its own, SIM1 to SIMn, with a running shop: the
// manager signs in at the store's first terminal and makes the codes, each till
// redeems one. Terminals of these names that were there are paired anew: who
// sold on them before is out. The manager does not stay signed in.
func PairTills(ctx context.Context, store Store, n int) (logins []Login, err error) {
	const goodbye = 5 * time.Second
	manager := NewTill(store.EdgeURL, store.Tills[0], store.ManagerID)
	defer manager.Close()
	defer func() {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
		defer cancel()
		err = errors.Join(err, manager.SignOut(leaving))
	}()
	for i := range n {
		id := fmt.Sprintf("SIM%d", i+1)
		code, err := manager.PairingCode(ctx, id, "pos-sim "+id)
		if err != nil {
			return nil, err
		}
		login, err := Pair(ctx, store.EdgeURL, code)
		if err != nil {
			return nil, err
		}
		login.PINs = store.Tills[0].PINs
		logins = append(logins, login)
	}
	return logins, nil
}
