package sim

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tiem/internal/fault"
)

// bringUp is Start's order.
func (in *Installation) bringUp(ctx context.Context) error {
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"PostgreSQL and HQ ready", func(ctx context.Context) error { return in.Restart(ctx, HQServer) }}, // unless it is already
		{"store registered at HQ", in.register},
		{"the edge's schema up to date", func(ctx context.Context) error { return in.edgeCommand(ctx, nil, nil, "migrate") }},
		{"catalogue, terminal and staff there", in.equip},
		{"PostgreSQL and the store edge ready", func(ctx context.Context) error { return in.Restart(ctx, EdgeServer) }},
		// Beside the running server a command need not start a database of its own.
		{"tokens, PINs and other terminals there", func(ctx context.Context) error {
			if err := errors.Join(in.addTerminals(ctx, in.options.Terminals[1:]), in.tryTokens(ctx)); err != nil {
				return err
			}
			return in.letIn(ctx)
		}},
	}
	for _, step := range steps {
		begun := time.Now()
		if err := step.do(ctx); err != nil {
			return err
		}
		in.options.Step(step.what, time.Since(begun))
	}
	return nil
}

// register finds a token with which the store may speak to HQ: one that is
// known and works, or a new one.
func (in *Installation) register(ctx context.Context) error {
	for _, token := range []string{valueIn(in.edge.env, "STORE_TOKEN"), in.options.Known.StoreToken} {
		if token == "" {
			continue
		}
		client := NewHQClient(in.store.HQURL, token)
		works, err := client.knows(ctx, in.store.StoreID)
		client.Close()
		if err != nil {
			return err
		}
		if works {
			return in.useStoreToken(ctx, token)
		}
	}
	var stores page[struct {
		StoreID string `json:"store_id"`
	}]
	if err := in.hqCommand(ctx, &stores, "store", "list", "--json"); err != nil {
		return err
	}
	args := []string{"store", "add", "--id", in.store.StoreID, "--name", in.options.StoreName, "--json"}
	for _, s := range stores.Items {
		if s.StoreID == in.store.StoreID { // its token was lost
			args = append(args, "--rotate")
		}
	}
	var added struct {
		Token string `json:"token"`
	}
	if err := in.hqCommand(ctx, &added, args...); err != nil {
		return err
	}
	return in.useStoreToken(ctx, added.Token)
}

// useStoreToken gives the edge its token. A store that HQ has events of, but
// that has lost its data, must not begin again at event 1: HQ would see a fork.
func (in *Installation) useStoreToken(ctx context.Context, token string) error {
	in.store.StoreToken = token
	in.edge.env = mergeEnv(in.edge.env, []string{"STORE_TOKEN=" + token})
	if !in.edgeIsNew() {
		return nil
	}
	client := NewHQClient(in.store.HQURL, token)
	defer client.Close()
	sync, err := client.Sync(ctx, in.store.StoreID)
	if err == nil && sync.ReceivedUpto > 0 {
		err = errEdgeLost
	}
	return err
}

// equip gives the store what it needs to sell. What was there after an earlier
// start stays as it is.
func (in *Installation) equip(ctx context.Context) error {
	there, err := in.staff(ctx)
	if err != nil {
		return err
	}
	if !there[managerID] { // the last thing that a first start adds
		if err := in.edgeCommand(ctx, in.options.Catalogue, nil, "seed", "--file", "-"); err != nil {
			return err
		}
	}
	if err := in.addTerminals(ctx, in.options.Terminals[:1]); err != nil {
		return err
	}
	for _, p := range people {
		if there[p.id] || p.id != cashierID && p.id != managerID {
			continue // the others come when the server runs, which is faster
		}
		if err := in.addPerson(ctx, p); err != nil {
			return err
		}
		in.fresh[p.id] = true
	}
	return nil
}

// addTerminals adds the terminals of which no token is known. One that is there
// already gets a new token.
func (in *Installation) addTerminals(ctx context.Context, ids []string) error {
	for _, id := range ids {
		known := slices.IndexFunc(in.options.Known.Tills, func(l Login) bool { return l.TerminalID == id && l.Token != "" })
		if known >= 0 {
			in.store.Tills = append(in.store.Tills, in.options.Known.Tills[known])
			continue
		}
		login, err := in.addTerminal(ctx, id)
		if err != nil {
			return err
		}
		in.store.Tills = append(in.store.Tills, login)
	}
	return nil
}

func (in *Installation) addTerminal(ctx context.Context, id string) (Login, error) {
	var login Login
	err := in.edgeCommand(ctx, nil, &login, "terminal", "add", "--id", id, "--name", "Quầy "+id, "--rotate", "--json")
	return login, err
}

// tryTokens replaces the token of a terminal that the edge does not take: the
// database is not the one that the token came from.
func (in *Installation) tryTokens(ctx context.Context) error {
	for i, login := range in.store.Tills {
		client := NewEdgeClient(in.store.EdgeURL, login.Token)
		works, err := client.knows(ctx)
		client.Close()
		if err == nil && !works {
			in.store.Tills[i], err = in.addTerminal(ctx, login.TerminalID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// edgeCommand runs store-edge beside the server.
func (in *Installation) edgeCommand(ctx context.Context, stdin []byte, into any, args ...string) error {
	return command{path: in.edge.path, args: args, env: in.edge.env, stdin: bytes.Clone(stdin)}.run(ctx, into)
}

// hqCommand runs hq-platform beside the server.
func (in *Installation) hqCommand(ctx context.Context, into any, args ...string) error {
	return command{path: in.hq.path, args: args, env: in.hq.env}.run(ctx, into)
}

// edgeIsNew tells whether the edge has no managed database yet.
func (in *Installation) edgeIsNew() bool {
	if valueIn(in.edge.env, "EDGE_DATABASE_URL") != "" {
		return false
	}
	_, err := os.Stat(filepath.Join(in.partDir(EdgeServer), "postgres"))
	return os.IsNotExist(err)
}

var errEdgeLost = fault.New(fault.Config, "edge_data_lost", "HQ has this store's events, but the store's own data is gone").At("EDGE_DATA_DIR").
	Advise("bring the edge's data back, or remove HQ's data directory as well to begin anew")
