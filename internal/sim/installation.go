package sim

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tiem/internal/fault"
)

// Part is something of an installation that can die.
type Part string

// The parts. The postmasters are children of their servers, which start them
// again by themselves.
const (
	EdgeServer   Part = "the edge"
	HQServer     Part = "HQ"
	EdgePostgres Part = "the edge's PostgreSQL"
	HQPostgres   Part = "HQ's PostgreSQL"
)

// Options say what to install, and where. The zero value is a store S1 with the
// till T1 on free ports; only DataDir and Catalogue are required.
type Options struct {
	Bin       string   // directory of the programs; empty: see Programs
	DataDir   string   // what is there already is kept and used
	Catalogue []byte   // for store-edge seed
	EdgeAddr  string   // host:port; empty: a free port
	HQAddr    string   // host:port; empty: a free port
	HQGRPC    string   // host:port for gRPC; empty: a free port
	StoreID   string   // [S1]
	StoreName string   // [Tiệm <StoreID>]
	Terminals []string // [T1]
	Known     Store    // tokens of an earlier start, to be used if they still work
	// Beside is an installation whose HQ is this one's, too: another shop of the
	// chain. HQAddr, HQGRPC and HQEnv mean nothing then, and Stop leaves HQ alone.
	Beside  *Installation
	Environ []string  // inherited by the servers; nil: this program's own
	Env     []string  // NAME=value for both servers, over Environ
	EdgeEnv []string  // for the edge, over Env: TIEM_FAILPOINTS=… to kill it at a place
	HQEnv   []string  // for HQ, over Env
	Errors  io.Writer // where the servers' errors are repeated; nil: nowhere
	// Step is told what was done, and how long it took; nil: nobody is.
	Step func(what string, took time.Duration)
}

func (o Options) withDefaults() Options {
	if o.StoreID == "" {
		o.StoreID = "S1"
	}
	if o.StoreName == "" {
		o.StoreName = "Tiệm " + o.StoreID
	}
	if len(o.Terminals) == 0 {
		o.Terminals = []string{"T1"}
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Step == nil {
		o.Step = func(string, time.Duration) {}
	}
	return o
}

// Installation is HQ and one store edge as processes, with their databases.
// Kill, Halt and Restart of one part must not overlap; everything else is safe
// for concurrent use.
type Installation struct {
	options Options
	bin     string
	store   Store
	pins    PINs            // everybody's
	fresh   map[string]bool // whose PIN was made by this start
	edge    *server
	hq      *server
	died    chan Part // a server ended that nobody had asked to
	stop    sync.Once
	stopErr error
}

// stopPatience is how long one server may take to stop in order, its database
// included.
const stopPatience = 30 * time.Second

// Start brings an installation up, in the contract's order: HQ, its store, the
// edge's database with catalogue, terminals and staff, the edge. It returns when
// both are ready. If it fails, nothing is left running. The error names the
// program and shows the end of its log.
func Start(ctx context.Context, options Options) (*Installation, error) {
	in, err := prepare(ctx, options.withDefaults())
	if err != nil {
		return nil, err
	}
	if err := in.bringUp(ctx); err != nil {
		return nil, errors.Join(err, in.Stop())
	}
	return in, nil
}

// prepare finds programs, directories and addresses; nothing runs yet.
func prepare(ctx context.Context, o Options) (*Installation, error) {
	bin, err := Programs(o.Bin)
	if err != nil {
		return nil, err
	}
	if o.DataDir, err = filepath.Abs(o.DataDir); err == nil {
		err = makeDataDir(o.DataDir)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "data_dir_access", "the data directory %s cannot be used", o.DataDir).At("DATA_DIR")
	}
	if o.Beside != nil {
		o.HQAddr, o.HQGRPC = o.Beside.options.HQAddr, o.Beside.options.HQGRPC
	}
	if o, err = o.withAddresses(ctx); err != nil {
		return nil, err
	}
	in := &Installation{options: o, bin: bin, fresh: map[string]bool{}, died: make(chan Part, 2)}
	if err := in.knownPINs(); err != nil {
		return nil, err
	}
	in.store = Store{EdgeURL: urlOf(o.EdgeAddr), HQURL: urlOf(o.HQAddr), GRPCTarget: reachable(o.HQGRPC), StoreID: o.StoreID, CashierID: cashierID, ManagerID: managerID}
	in.store.HQToken = in.hqToken()
	if o.Beside != nil {
		in.hq = o.Beside.hq
	} else {
		in.hq = in.newServer(HQServer, hqProgram, in.store.HQURL, in.hqEnv())
	}
	in.edge = in.newServer(EdgeServer, edgeProgram, in.store.EdgeURL, in.edgeEnv())
	return in, nil
}

// makeDataDir makes the directory; everybody may pass through one that is made,
// because the databases run as another user if we are root.
func makeDataDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o711); err != nil { //nolint:gosec // passing through; the clusters in it are closed
		return err
	}
	return os.Chmod(dir, 0o711) //nolint:gosec // the same, whatever the umask is
}

// withAddresses chooses those that nobody has named, and checks those that somebody has.
func (o Options) withAddresses(ctx context.Context) (_ Options, err error) {
	owners := map[string]string{}
	for _, a := range []struct {
		setting string
		address *string
		taken   bool // by the HQ that is there already
	}{{"HQ_ADDR", &o.HQAddr, o.Beside != nil}, {"HQ_GRPC_ADDR", &o.HQGRPC, o.Beside != nil}, {"EDGE_ADDR", &o.EdgeAddr, false}} {
		if !a.taken {
			if *a.address, err = address(ctx, a.setting, *a.address); err != nil {
				return o, err
			}
		}
		if owner, twice := owners[*a.address]; twice {
			return o, fault.New(fault.Config, "address_in_use", "%s is %s, too", *a.address, owner).At(a.setting).Advise("choose another port")
		}
		owners[*a.address] = a.setting
	}
	return o, nil
}

func address(ctx context.Context, setting, given string) (string, error) {
	if given == "" {
		return FreeAddress(ctx)
	}
	return given, requireFree(ctx, setting, given)
}

func (in *Installation) newServer(part Part, program, url string, env []string) *server {
	return &server{
		part: part, name: program, path: programPath(in.bin, program), url: url, env: env,
		log: filepath.Join(in.options.DataDir, program+".log"), died: in.died, errors: in.options.Errors,
	}
}

// Store is where the installation is, and with which tokens to speak to it.
func (in *Installation) Store() Store { return in.store }

// Died gets the server that ended without being asked to. One that kills itself
// at a failpoint is one of them.
func (in *Installation) Died() <-chan Part { return in.died }

// PID is the process of a part; 0 while it is down.
func (in *Installation) PID(part Part) int {
	if part == EdgePostgres || part == HQPostgres {
		return in.postmaster(part)
	}
	return in.server(part).pid()
}

// Words are the end of what a server wrote since it was started last.
func (in *Installation) Words(part Part) string { return in.server(part).words() }

// ExitCode is how a server's last life ended: −1 while it lives, or if a signal
// ended it.
func (in *Installation) ExitCode(part Part) int {
	c := in.server(part).current()
	if c == nil || c.alive() {
		return -1
	}
	if c.err == nil {
		return 0
	}
	return exitCode(c.err)
}

// Command runs the program of a server beside it, with the server's environment,
// and returns its standard output. The error shows what it said on standard error.
func (in *Installation) Command(ctx context.Context, part Part, args ...string) (string, error) {
	s := in.server(part)
	return command{path: s.path, args: args, env: s.env}.output(ctx)
}

// Kill ends a part by SIGKILL, and returns when it is gone.
func (in *Installation) Kill(part Part) error {
	if part == EdgePostgres || part == HQPostgres {
		return in.killPostmaster(part)
	}
	return in.server(part).kill()
}

// Halt stops a server (not a postmaster) in order, with its database.
func (in *Installation) Halt(ctx context.Context, part Part) error {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	return in.server(part).halt(ctx)
}

// Restart brings a part back, and returns when its server is ready: a server
// that has ended is started, with env over the environment of Start (NAME alone
// takes a variable away, such as TIEM_FAILPOINTS); a postmaster is waited for,
// because its server starts it again.
func (in *Installation) Restart(ctx context.Context, part Part, env ...string) error {
	s := in.server(part)
	if part == EdgePostgres || part == HQPostgres {
		return in.awaitPostmaster(ctx, part)
	}
	if err := s.start(mergeEnv(s.env, env)); err != nil {
		return err
	}
	return s.ready(ctx)
}

// AwaitExit waits until a server has ended, by whatever hand.
func (in *Installation) AwaitExit(ctx context.Context, part Part) error {
	return in.server(part).awaitExit(ctx)
}

// Stop stops the edge, then HQ, in order, each within its time; what does not
// stop is killed, which is the error. A second Stop does nothing.
func (in *Installation) Stop() error {
	in.stop.Do(func() {
		var errs []error
		parts := []Part{EdgeServer, HQServer}
		if in.options.Beside != nil {
			parts = parts[:1] // HQ is the other one's
		}
		for _, part := range parts {
			errs = append(errs, in.Halt(context.Background(), part))
		}
		in.stopErr = errors.Join(errs...)
	})
	return in.stopErr
}

// server is the server of a part.
func (in *Installation) server(part Part) *server {
	if part == HQServer || part == HQPostgres {
		return in.hq
	}
	return in.edge
}
