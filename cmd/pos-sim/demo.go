package main

import (
	"context"
	"io"
	"os"

	"tiem/demo"
	"tiem/internal/sim"
)

type demoCommand struct {
	Bin      string `name:"bin"           placeholder:"DIR" help:"Directory of store-edge and hq-platform; by default that of this program, else ./bin."`
	DataDir  string `name:"data-dir"      env:"DATA_DIR"      default:"./data"         help:"Where databases, logs and demo.env are."`
	EdgeAddr string `name:"edge-addr"     env:"EDGE_ADDR"     default:"127.0.0.1:8080" help:"Address of the store edge, host:port."`
	HQAddr   string `name:"hq-addr"       env:"HQ_ADDR"       default:"127.0.0.1:8090" help:"Address of HQ, host:port."`
	HQGRPC   string `name:"hq-grpc-addr"  env:"HQ_GRPC_ADDR"  default:"127.0.0.1:8091" help:"Address of HQ for gRPC, host:port."`
	StoreID  string `name:"edge-store-id" env:"EDGE_STORE_ID" default:"S1"             help:"The shop's id."`
}

// Help explains what is left behind, and what is used again.
func (*demoCommand) Help() string {
	return `It starts HQ, registers the shop, loads the demo catalogue, adds a till, five cashiers (C1 to C5) and a manager (M1),
starts the shop, and writes DATA_DIR/demo.env (shell syntax, mode 0600) last, when both servers are ready:

  set -a; . data/demo.env; set +a
  curl -s -H "Authorization: Bearer $TERMINAL_TOKEN" "$EDGE_URL/v1/status"
  curl -s -H "Authorization: Bearer $TERMINAL_TOKEN" -H 'Content-Type: application/json' "$EDGE_URL/v1/sessions" \
    -d "{\"terminal_id\":\"$TERMINAL_ID\",\"cashier_id\":\"$CASHIER_ID\",\"pin\":\"$CASHIER_PIN\"}"

Everybody's PINs are in DATA_DIR/people.env. A second start keeps the data, the tokens and the PINs; a PIN that does
not work any more (or that an older version never gave) is reset. You see the addresses, who can sign in, and what to
try; it runs until Ctrl-C. The servers inherit the environment, so every setting of
store-edge and hq-platform works here, too: SYNC_RETRY_MAX=2s EDGE_ADDR=127.0.0.1:9080 pos-sim demo.
Their logs are DATA_DIR/store-edge.log and DATA_DIR/hq-platform.log; errors are repeated on standard error.

Exit codes: 0 it was stopped, 1 one of the servers ended by itself (the other is stopped), 2 bad usage, 78 bad
configuration (an address in use, a setting that cannot be).`
}

// Run runs the demo until it is interrupted.
func (c *demoCommand) Run(ctx context.Context, stdout io.Writer) error {
	return sim.Demo(ctx, sim.Options{
		Bin: c.Bin, DataDir: c.DataDir, Catalogue: demo.Catalogue, EdgeAddr: c.EdgeAddr, HQAddr: c.HQAddr, HQGRPC: c.HQGRPC,
		StoreID: c.StoreID, StoreName: "Tiệm Nguyễn Trãi", Errors: os.Stderr,
	}, stdout)
}
