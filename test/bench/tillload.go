package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"golang.org/x/sync/errgroup"

	"tiem/internal/sim"
)

// verb is a kind of call.
type verb int

// The calls of a sale: one basket, linesASale items, the money, PAID.
const (
	opening verb = iota
	addItem
	paying
	finalizing
	verbs
)

const callsASale = linesASale + 3

// timings are how long the calls of each kind took.
type timings [verbs][]time.Duration

func (t *timings) add(other *timings) {
	for v := range t {
		t[v] = append(t[v], other[v]...)
	}
}

func (t *timings) calls() (n int) {
	for v := range t {
		n += len(t[v])
	}
	return n
}

// counterTill is a till: its next call leaves when the last was answered and its
// cashier has paused.
type counterTill struct {
	pause time.Duration // before a call, on the average

	line    *line
	login   sim.Login
	cashier string
	session string
	goods   []sim.Item
	next    int // of the goods
	took    timings
}

// openTills connects five tills and signs their cashiers in.
func openTills(ctx context.Context, s *pinnedShop) ([]*counterTill, error) {
	goods, err := s.client.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(s.Store().EdgeURL)
	if err != nil {
		return nil, err
	}
	var all []*counterTill
	for i, login := range s.Store().Tills {
		t := &counterTill{login: login, cashier: s.Store().CashierAt(i), goods: goods, next: i * len(goods) / tills}
		if t.line, err = dial(ctx, at.Host); err != nil {
			return nil, err
		}
		if err := t.signIn(); err != nil {
			return nil, fmt.Errorf("till %s: %w", login.TerminalID, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func (t *counterTill) signIn() error {
	pin := t.login.PINs[t.cashier]
	answer, err := t.ask(call{path: "/v1/sessions", body: fmt.Sprintf(`{"terminal_id":%q,"cashier_id":%q,"pin":%q}`, t.login.TerminalID, t.cashier, pin)})
	if err != nil {
		return err
	}
	var session struct {
		Token string `json:"session_token"`
	}
	err = json.Unmarshal(answer, &session)
	t.session = session.Token
	return err
}

// ask makes a call; what is no success is an error.
func (t *counterTill) ask(c call) ([]byte, error) {
	c.token, c.session = t.login.Token, t.session
	status, body, err := t.line.post(c)
	if err == nil && status != http.StatusOK && status != http.StatusCreated {
		err = fmt.Errorf("POST %s: %d: %s", c.path, status, body)
	}
	return body, err
}

// timed is ask after a pause, with the clock.
func (t *counterTill) timed(ctx context.Context, v verb, path, body string) error {
	c := call{path: path, body: body, key: newID()}
	if t.pause > 0 {
		if err := pauseFor(ctx, rand.N(2*t.pause)); err != nil {
			return err
		}
	}
	begin := time.Now()
	_, err := t.ask(c)
	t.took[v] = append(t.took[v], time.Since(begin))
	return err
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// sell is one sale in cash, to the đồng.
func (t *counterTill) sell(ctx context.Context) error {
	id, total := newID(), int64(0)
	basket := "/v1/transactions/" + id
	if err := t.timed(ctx, opening, "/v1/transactions", fmt.Sprintf(`{"id":%q,"terminal_id":%q,"cashier_id":%q}`, id, t.login.TerminalID, t.cashier)); err != nil {
		return err
	}
	for range linesASale {
		item := &t.goods[t.next%len(t.goods)]
		t.next += 97
		total += int64(item.Price)
		what := fmt.Sprintf(`{"item_id":%q}`, item.ItemID)
		if len(item.Barcodes) > 0 {
			what = fmt.Sprintf(`{"barcode":%q}`, item.Barcodes[0])
		}
		if err := t.timed(ctx, addItem, basket+"/items", what); err != nil {
			return err
		}
	}
	if err := t.timed(ctx, paying, basket+"/payments", fmt.Sprintf(`{"id":%q,"method":"CASH","amount":%d}`, newID(), total)); err != nil {
		return err
	}
	return t.timed(ctx, finalizing, basket+"/finalize", "")
}

// sellAll lets the tills sell at once until sales are sold, and returns how long
// each call took.
func sellAll(ctx context.Context, all []*counterTill, sales int) (timings, error) {
	g, ctx := errgroup.WithContext(ctx)
	for i, t := range all {
		t.took = timings{}
		g.Go(func() error {
			for range share(sales, i, len(all)) {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := t.sell(ctx); err != nil {
					return fmt.Errorf("till %s: %w", t.login.TerminalID, err)
				}
			}
			return nil
		})
	}
	err := g.Wait()
	var took timings
	for _, t := range all {
		took.add(&t.took)
	}
	return took, err
}
