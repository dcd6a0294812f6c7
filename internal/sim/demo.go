package sim

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"tiem/internal/fault"
)

// DemoEnv is the name of the demo's env file in its data directory.
const DemoEnv = "demo.env"

// Demo starts an installation, writes its env file last, says where everything
// is, and keeps it running until ctx is done; then it stops it in order. If a
// server ends by itself, the other one is stopped, too, and the fault
// (server_died) shows what it said last. What an earlier demo left in the data
// directory is used again.
func Demo(ctx context.Context, o Options, stdout io.Writer) error {
	o = o.withDefaults()
	envFile := filepath.Join(o.DataDir, DemoEnv)
	variables, err := ReadEnvFile(envFile)
	if err != nil {
		return fault.As(err).Advise("repair it, or remove it: new tokens are issued then")
	}
	if known := StoreOf(variables); known.StoreID == o.StoreID {
		o.Known = known
	}
	environ, other, err := withoutOtherDemo(o.Environ, envFile)
	if err != nil {
		return err
	}
	o.Environ = environ
	fmt.Fprintf(stdout, "Tiệm: starting the demo in %s\n", o.DataDir)
	if other != "" {
		fmt.Fprintf(stdout, "  this shell has read %s, another demo's: only addresses and the store's id hold here\n", other)
	}
	o.Step = func(what string, took time.Duration) { fmt.Fprintf(stdout, "  %-40s %5.1f s\n", what, took.Seconds()) }
	in, err := Start(ctx, o)
	if err != nil {
		return unlessInterrupted(ctx, err)
	}
	if err := WriteEnvFile(envFile, append(in.Store().Variables(), in.homes()...)); err != nil {
		_ = in.Stop() // the file is the news
		return err
	}
	banner(stdout, in, envFile)
	select {
	case <-ctx.Done():
		begun := time.Now()
		fmt.Fprintln(stdout, "\nstopping …")
		err := in.Stop()
		if err == nil {
			fmt.Fprintf(stdout, "stopped in %.1f s; the data stays in %s\n", time.Since(begun).Seconds(), o.DataDir)
		}
		return err
	case part := <-in.Died():
		err := in.server(part).ended(in.server(part).current())
		_ = in.Stop() // the death is the news
		return err
	}
}

// unlessInterrupted is err, unless ctx was ended on purpose: then everything is
// stopped, as was wished.
func unlessInterrupted(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

func banner(w io.Writer, in *Installation, envFile string) {
	s := in.Store()
	if dir, err := filepath.Abs("."); err == nil {
		if short, err := filepath.Rel(dir, envFile); err == nil && len(short) < len(envFile) {
			envFile = short
		}
	}
	fmt.Fprintf(w, `
  store edge  %s        API: %s/docs
  HQ          %s        API: %s/docs; gRPC: %s
  people      cashier %s, PIN %s; manager %s, PIN %s
  names, tokens and PINs for scripts: %s (logs beside it)

  Try:  set -a; . %s; set +a
        curl -s -H "Authorization: Bearer $TERMINAL_TOKEN" "$EDGE_URL/v1/catalog/items?q=nuoc&limit=3"
        bin/pos-sim run && bin/pos-sim verify                  five tills, a hundred sales
        bin/pos-sim run --scenario pulled-cable                and somebody pulls the cable (in a shop of its own)

  Ctrl-C stops everything; the next start keeps the data.
`, s.EdgeURL, s.EdgeURL, s.HQURL, s.HQURL, s.GRPCTarget, s.CashierID, s.Tills[0].PINs[s.CashierID], s.ManagerID, s.Tills[0].PINs[s.ManagerID], envFile, quoteIfNeeded(envFile))
}

// quoteIfNeeded is a path as a shell takes it.
func quoteIfNeeded(path string) string {
	if text, err := parseEnv("P=" + path); err == nil && text["P"] == path {
		if filepath.IsAbs(path) {
			return path
		}
		return "./" + path // POSIX shells look for a bare name in PATH
	}
	return shellQuote(path)
}
