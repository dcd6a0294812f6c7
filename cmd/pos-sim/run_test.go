package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sim"
	"tiem/internal/sim/scenario"
)

// shopEnv is the env file of a shop that is not there.
func shopEnv(t *testing.T, text string) string {
	t.Helper()
	for _, v := range (sim.Store{Tills: make([]sim.Login, 1)}).Variables() {
		t.Setenv(v.Name, "")
	}
	env := filepath.Join(t.TempDir(), "demo.env")
	require.NoError(t, os.WriteFile(env, []byte(text), 0o600))
	return env
}

const complete = "EDGE_URL='http://e'\nHQ_URL='http://h'\nSTORE_ID=S1\nTERMINAL_ID=T1\nTERMINAL_TOKEN=t\nCASHIER_ID=C1\nHQ_TOKEN=h\nMANAGER_ID=M1\nMANAGER_PIN=0815\nCASHIER_PIN=4711\n"

func TestWhatARunNeeds(t *testing.T) {
	c := runCommand{target: target{Env: shopEnv(t, complete)}, Stores: 1}
	o, err := c.runOptions()
	require.NoError(t, err)
	require.Equal(t, []any{100, 20.0, "5 tills"}, []any{o.Sales, o.Speed, o.Title})
	require.Equal(t, "http://e", o.Shop.EdgeURL)
	require.Equal(t, "4711", o.Shop.Tills[0].PINs["C1"])
	for _, name := range []string{"MANAGER_PIN", "MANAGER_ID", "CASHIER_PIN"} {
		text := bytes.ReplaceAll([]byte(complete), []byte(name+"="), []byte("X"+name+"="))
		c.Env = shopEnv(t, string(text))
		_, err = c.runOptions()
		require.ErrorContains(t, err, name)
	}
}

// Whatever breaks a line or a program brings up a shop of its own, unless the
// line is the running shop's.
func TestWhenARunHasShopsOfItsOwn(t *testing.T) {
	env := shopEnv(t, complete)
	for _, c := range []runCommand{
		{Cut: []string{"30s@60s"}}, {Slow: []string{"64kbit"}}, {Flap: []string{"2s/3s"}}, {Scenario: "till-dies"}, {Stores: 3},
	} {
		c.Env, c.Stores = env, max(1, c.Stores)
		o, err := c.runOptions()
		require.NoError(t, err)
		require.Nil(t, o.Shop, "%+v", c)
	}
	over := runCommand{target: target{Env: env}, Stores: 2, Protocol: "grpc"}
	own, err := over.runOptions()
	require.NoError(t, err)
	require.Equal(t, "grpc", own.Protocol)
	over.Stores = 1
	_, err = over.runOptions()
	require.ErrorContains(t, err, "--protocol is for shops of its own")
	over.Protocol = "smtp"
	_, err = over.runOptions()
	require.ErrorContains(t, err, "http or grpc")
	c := runCommand{target: target{Env: env}, Stores: 1, Cut: []string{"30s@60s"}, Line: "127.0.0.1:9090", Duration: 90 * time.Second}
	o, err := c.runOptions()
	require.NoError(t, err)
	require.NotNil(t, o.Shop)
	require.Equal(t, []scenario.Event{{Kind: scenario.Pulled, At: 60 * time.Second, Lasts: 30 * time.Second}}, o.Events)
	require.Equal(t, []any{0, 90 * time.Second}, []any{o.Sales, o.Closes})
	c.LineGRPC = "127.0.0.1:9091"
	_, err = c.runOptions()
	require.ErrorContains(t, err, "HQ_GRPC_TARGET", "where is the line for gRPC to lead?")
	c.Env = shopEnv(t, complete+"HQ_GRPC_TARGET=127.0.0.1:8091\n")
	o, err = c.runOptions()
	require.NoError(t, err)
	require.Equal(t, []string{"127.0.0.1:9090", "127.0.0.1:9091", "127.0.0.1:8091"}, []string{o.LineAddr, o.LineGRPC, o.Shop.GRPCTarget})
}

// For a rate that tills could not serve at the usual speed, people are faster;
// what is said is taken.
func TestTheSpeedFollowsTheRate(t *testing.T) {
	env := shopEnv(t, complete)
	speed := func(rate float64, said *float64) float64 {
		o, err := (&runCommand{target: target{Env: env}, Stores: 1, Rate: &rate, Speed: said}).runOptions()
		require.NoError(t, err)
		return o.Speed
	}
	require.InDelta(t, 20, speed(1, nil), 0)
	require.InDelta(t, 540, speed(50, nil), 0.1)
	for _, said := range []float64{0, 1, 7} {
		require.InDelta(t, said, speed(50, &said), 0)
	}
}

func TestAScenarioIsPlayedAsItSays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mine.txt")
	require.NoError(t, os.WriteFile(path, []byte("two tills sell at 3 sales a second\npeople work 7 times as fast\nafter 9 sales the shop closes\nat the end everything is at HQ, in order"), 0o600))
	o, err := (&runCommand{Stores: 1, Scenario: path, Flap: []string{"1s/1s"}}).runOptions()
	require.NoError(t, err)
	require.Equal(t, []any{path, 2, 3.0, 7.0, 9, true, 1}, []any{o.Title, o.Terminals, o.Rate, o.Speed, o.Sales, o.AtHQ, len(o.Events)})
	require.NoError(t, os.WriteFile(path, []byte("two tills sell\nsomebody pulls the cable"), 0o600))
	code, _, stderr := runProgram(t, "run", "--scenario", path)
	require.Equal(t, 2, code)
	require.Contains(t, stderr, path+", line 2")
	require.Contains(t, stderr, "after 20 s the cable is pulled for 30 s")
	code, _, stderr = runProgram(t, "run", "--scenario", "no-such")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "pulled-cable")
	code, _, _ = runProgram(t, "run", "--scenario", dir)
	require.Equal(t, 2, code)
}

// What is said on the command line wins over the scenario.
func TestFlagsWinOverTheScenario(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.txt")
	require.NoError(t, os.WriteFile(path, []byte("two tills sell at 3 sales a second\npeople work 7 times as fast\nafter 20 s a till dies\nafter 60 s the shop closes"), 0o600))
	tills, rate, speed := 4, 0.0, 9.0
	o, err := (&runCommand{Terminals: &tills, Rate: &rate, Speed: &speed, Duration: 30 * time.Second, Stores: 1, Scenario: path}).runOptions()
	require.NoError(t, err)
	require.Equal(t, []any{4, 0.0, 9.0, 30 * time.Second, 0}, []any{o.Terminals, o.Rate, o.Speed, o.Closes, o.Sales})
	o, err = (&runCommand{Sales: 12, Stores: 1, Scenario: path}).runOptions()
	require.NoError(t, err)
	require.Equal(t, []any{2, 3.0, 7.0, time.Duration(0), 12}, []any{o.Terminals, o.Rate, o.Speed, o.Closes, o.Sales})
	for _, c := range []runCommand{{Duration: 20 * time.Second}, {Duration: time.Minute, Cut: []string{"5s@60s"}}, {Cut: []string{"5s@60s"}}, {Terminals: new(int)}, {Terminals: new(1)}} {
		c.Stores, c.Scenario = 1, path
		_, err = c.runOptions()
		require.Equal(t, 2, fault.ExitCode(err), "%+v", c)
	}
}

// Without a time to close, a shop is open until what is to happen has happened.
func TestTheShopIsOpenForWhatHappens(t *testing.T) {
	o, err := (&runCommand{Stores: 1, Cut: []string{"5s@60s"}, Slow: []string{"64kbit"}}).runOptions()
	require.NoError(t, err)
	require.Equal(t, []any{85 * time.Second, 0}, []any{o.Closes, o.Sales})
	o, err = (&runCommand{Stores: 1, Cut: []string{"5s@60s"}, Sales: 12}).runOptions()
	require.NoError(t, err, "whether it happens, one sees at the end")
	require.Equal(t, []any{time.Duration(0), 12}, []any{o.Closes, o.Sales})
	_, err = (&runCommand{Stores: 3, Sales: 2}).runOptions()
	require.Equal(t, 2, fault.ExitCode(err))
}

func TestScenariosAreListed(t *testing.T) {
	code, stdout, _ := runProgram(t, "run", "--list")
	require.Zero(t, code)
	require.Contains(t, stdout, "pulled-cable     Five tills, and somebody pulls the cable\n")
	require.Contains(t, stdout, "  five tills sell\n")
}

func TestTheSummaryOfARun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &sim.RunReport{Title: "five tills", Seed: 7, Sales: 412, Voided: 3, Total: 31_415_900, TookMS: 70_000, PerSecond: 5.9, Dir: "/tmp/left", Open: []uuid.UUID{{15: 7}},
		Calls: []sim.CallView{{Call: "scan", Count: 9, P50MS: 1, P95MS: 2, P99MS: 3.25}}, Happened: []string{"20.0 s  the line: the cable is pulled"},
		Stores: []sim.StoreReport{{StoreID: "S1", DrainMS: 1500, Repeated: 50, Report: &sim.Report{OK: true, Figures: sim.Figures{Events: 1234}}, Audits: []sim.Audit{{Command: "hq-platform verify", Said: "fine"}}}}}
	printRun(&out, r)
	for _, line := range []string{"five tills, seed 7\n", "scan  9      1.0     2.0     3.2     0\n", "  20.0 s  the line: the cable is pulled\n",
		"412 sales of 31.415.900 đ paid and 3 baskets given up in 70.0 s (5.9 a second)", "edge = HQ, 1234 events in order, drained in 1.5 s; A, C and D hold\n", "  B holds: 50 sales were",
		"  hq-platform verify: fine\n", "everything is left in /tmp/left\n", "P99_MS  REFUSED\n", "\n  00000000-0000-0000-0000-000000000007\n"} {
		require.Contains(t, out.String(), line)
	}
	out.Reset()
	r.Stores = append(r.Stores, sim.StoreReport{StoreID: "S2", Report: &sim.Report{}})
	printRun(&out, r)
	require.Contains(t, out.String(), "1 of 2 shops: edge = HQ")
}
