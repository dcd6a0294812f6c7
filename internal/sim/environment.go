package sim

import (
	"crypto/rand"
	"path/filepath"
	"strings"
)

// The demo's people.
const (
	cashierID = "C1"
	managerID = "M1"
)

// settings are an environment for both servers: what is inherited, and
// Options.Env over it.
func (in *Installation) settings() []string { return mergeEnv(in.options.Environ, in.options.Env) }

// hqToken is the script's token: the environment's, the one of an earlier
// start, or a fresh one.
func (in *Installation) hqToken() string {
	if in.options.Beside != nil {
		return in.options.Beside.store.HQToken
	}
	if token := valueIn(mergeEnv(in.settings(), in.options.HQEnv), "HQ_TOKEN"); token != "" {
		return token
	}
	if in.options.Known.HQToken != "" {
		return in.options.Known.HQToken
	}
	return rand.Text()
}

// hqEnv is HQ's environment. What the caller has set wins over our defaults,
// but not over the addresses and the token that we promise in Store.
func (in *Installation) hqEnv() []string {
	env := in.settings()
	if valueIn(env, "HQ_DATA_DIR") == "" {
		env = mergeEnv(env, []string{"HQ_DATA_DIR=" + filepath.Join(in.options.DataDir, "hq")})
	}
	return mergeEnv(env, in.options.HQEnv, []string{"HQ_ADDR=" + in.options.HQAddr, "HQ_GRPC_ADDR=" + in.options.HQGRPC, "HQ_TOKEN=" + in.store.HQToken})
}

// edgeEnv is the edge's environment, but for STORE_TOKEN, which HQ gives out.
func (in *Installation) edgeEnv() []string {
	env := in.towardsHQ(mergeEnv(in.settings(), in.options.EdgeEnv))
	if valueIn(env, "EDGE_DATA_DIR") == "" {
		env = mergeEnv(env, []string{"EDGE_DATA_DIR=" + filepath.Join(in.options.DataDir, "edge")})
	}
	if valueIn(env, "EDGE_DEMO") == "" {
		env = mergeEnv(env, []string{"EDGE_DEMO=true"})
	}
	return mergeEnv(env, []string{"EDGE_ADDR=" + in.options.EdgeAddr, "EDGE_STORE_ID=" + in.options.StoreID})
}

// towardsHQ completes env with where HQ is, for both protocols. What came from
// the demo.env of an earlier start says where HQ was, and is no wish. Whoever
// wishes another HQ_URL has put something in the way, and gRPC, which nobody has
// told of it, would go past that: then there is none, unless it has its own wish.
func (in *Installation) towardsHQ(env []string) []string {
	known := in.options.Known
	url, target := valueIn(env, "HQ_URL"), valueIn(env, "HQ_GRPC_TARGET")
	if target == "" || target == known.GRPCTarget {
		target = in.store.GRPCTarget
		if url != "" && url != known.HQURL && url != in.store.HQURL {
			target = ""
		}
	}
	if url == "" || url == known.HQURL {
		url = in.store.HQURL
	}
	return mergeEnv(env, []string{"HQ_URL=" + url, "HQ_GRPC_TARGET=" + target})
}

// What homes names of each server.
var (
	edgeHomes = []string{"EDGE_STORE_ID", "EDGE_DATA_DIR", "EDGE_ADDR"}
	hqHomes   = []string{"HQ_DATA_DIR", "HQ_ADDR"}
)

// homes are what the programs' own commands go by beside the servers: which shop,
// which directories (absolute: they hold wherever the command is typed), where the
// servers listen, and the env file that says so.
func (in *Installation) homes() []Variable {
	var list []Variable
	for _, from := range []struct {
		env   []string
		names []string
	}{{in.edge.env, edgeHomes}, {in.hq.env, hqHomes}} {
		for _, name := range from.names {
			value := valueIn(from.env, name)
			if abs, err := filepath.Abs(value); err == nil && strings.HasSuffix(name, "_DIR") {
				value = abs
			}
			list = append(list, Variable{name, value})
		}
	}
	return append(list, Variable{DemoEnvSetting, filepath.Join(in.options.DataDir, DemoEnv)})
}

// partDir is the data directory of a part's server.
func (in *Installation) partDir(part Part) string {
	if part == HQServer || part == HQPostgres {
		return valueIn(in.hq.env, "HQ_DATA_DIR")
	}
	return valueIn(in.edge.env, "EDGE_DATA_DIR")
}
