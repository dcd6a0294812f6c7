package faults

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/sim"
)

// mortal is a till that runs as a process of its own, so that it can be killed:
// this test's program, started with tillVariable set.
type mortal struct {
	EdgeURL  string
	Terminal string
	Token    string
	Cashier  string
	PIN      string
	Basket   uuid.UUID
	Item     uuid.UUID
	QR       uuid.UUID    // its first payment, PENDING
	Amount   money.Amount // of that
}

const (
	tillVariable = "TIEM_MORTAL_TILL"
	note         = money.Amount(1000) // what the mortal till takes at a time
)

// live opens a basket, scans, shows a QR for a part, and takes note after note
// for the rest, until it is killed. It says a line about each that it has seen
// the answer to. It returns if something is not as it should be.
func (m mortal) live(ctx context.Context) error {
	login := sim.Login{TerminalID: m.Terminal, Token: m.Token, PINs: sim.PINs{m.Cashier: m.PIN}}
	till := sim.NewTill(m.EdgeURL, login, m.Cashier)
	if _, err := till.Open(ctx, m.Basket, sim.NewKey()); err != nil {
		return err
	}
	if _, err := till.Scan(ctx, m.Basket, sim.Pick{ItemID: m.Item, Quantity: 200 * sale.One}, sim.NewKey()); err != nil {
		return err
	}
	tender := sale.Tender{ID: m.QR, Method: sale.QR, Amount: m.Amount, Provider: "fake"}
	if _, err := till.Pay(ctx, m.Basket, tender, sim.NewKey()); err != nil {
		return err
	}
	for {
		tender := sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: note}
		if _, err := till.Pay(ctx, m.Basket, tender, sim.NewKey()); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(os.Stdout, "took", note); err != nil {
			return err
		}
	}
}

// liveAsTill is the mortal till's main.
func liveAsTill(settings string) int {
	var m mortal
	err := json.Unmarshal([]byte(settings), &m)
	if err == nil {
		err = m.live(context.Background())
	}
	fmt.Fprintln(os.Stderr, "the till ended by itself:", err)
	return 1
}

// killedMidTender runs the till until it has taken so many notes, and kills it in
// whatever it does then.
func (m mortal) killedMidTender(t *testing.T, notes int) {
	t.Helper()
	settings, err := json.Marshal(m)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), tillVariable+"="+string(settings))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	seen := 0
	for seen < notes && lines.Scan() {
		seen++
	}
	_ = cmd.Process.Kill()
	err = cmd.Wait()
	require.Equal(t, notes, seen, said.String())
	require.ErrorContains(t, err, "killed", said.String())
}
