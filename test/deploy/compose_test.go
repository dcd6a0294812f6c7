package deploy

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// toolsOf are the commands that we count on in the images of others.
var toolsOf = map[string][]string{
	"alpine:3.22":          {"/bin/sh", "wget"},
	"postgres:15-bookworm": {"postgres", "pg_isready"},
}

func TestEveryServiceIsLockedUp(t *testing.T) {
	t.Parallel()
	p, d := load(t), readDockerfile(t)
	require.ElementsMatch(t, []string{"postgres", "setup", "hq-platform", "store-edge", "pos-sim"}, slices.Collect(maps.Keys(p.Services)))
	nonRoot := regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`)
	for name, s := range p.Services {
		require.Regexp(t, nonRoot, s.User, name)
		if s.Build != nil {
			require.Equal(t, d.stage(s.Build.Target).user, s.User, "%s: the image's own user", name)
		}
		require.True(t, s.ReadOnly, "%s: a root file system that nobody writes to", name)
		require.Equal(t, []string{"ALL"}, s.CapDrop, name)
		require.Empty(t, s.CapAdd, name)
		require.False(t, s.Privileged, name)
		require.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		require.Empty(t, s.NetworkMode, name)
		require.Contains(t, []string{"unless-stopped", "no"}, s.Restart, "%s says what happens when it ends", name)
		for _, v := range s.Volumes {
			if v.Type == "bind" {
				require.True(t, v.ReadOnly, "%s: %s", name, v.Source)
				require.FileExists(t, v.Source)
				continue
			}
			require.Equal(t, "volume", v.Type)
			require.Contains(t, p.Volumes, v.Source, "%s: a volume with a name is found again", name)
			require.Equal(t, v.Source == "tokens" && name != "setup", v.ReadOnly, "%s: only setup writes tokens", name)
		}
	}
	require.Equal(t, []string{"sim"}, p.Services["pos-sim"].Profiles, "nobody sells unasked")
}

func TestNothingIsReachedFromOutsideThisMachine(t *testing.T) {
	t.Parallel()
	p := load(t)
	for name, s := range p.Services {
		for _, port := range s.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, name)
			require.NotEmpty(t, port.Published, "%s: an address that one can know", name)
		}
		for network := range s.Networks {
			require.Contains(t, p.Networks, network)
		}
	}
	require.True(t, p.Networks["database"].Internal)
	for _, name := range []string{"postgres", "setup"} {
		require.Empty(t, p.Services[name].Ports, name)
		require.Equal(t, []string{"database"}, slices.Collect(maps.Keys(p.Services[name].Networks)), name)
	}
	require.Len(t, p.Services["store-edge"].Ports, 1)
	hq := p.Services["hq-platform"]
	require.Len(t, hq.Ports, 2)
	require.Equal(t, "0.0.0.0:"+strconv.Itoa(hq.Ports[1].Target), hq.Environment["HQ_GRPC_ADDR"])
	for name, address := range map[string]string{"store-edge": "EDGE_ADDR", "hq-platform": "HQ_ADDR"} {
		s := p.Services[name]
		require.Equal(t, "0.0.0.0:"+strconv.Itoa(s.Ports[0].Target), s.Environment[address], "the published port is the one that it listens on")
		require.Contains(t, s.Networks, "shop", "an internal network publishes nothing")
	}
}

func TestTargetsAreStagesOfTheDockerfile(t *testing.T) {
	t.Parallel()
	p, d := load(t), readDockerfile(t)
	pinned := regexp.MustCompile(`^[a-z]+:[0-9]+(\.[0-9]+)?(-[a-z]+)?$`)
	for name, s := range p.Services {
		if s.Build == nil {
			require.Regexp(t, pinned, s.Image, name)
			continue
		}
		require.FileExists(t, filepath.Join(s.Build.Context, s.Build.Dockerfile))
		stage := d.stage(s.Build.Target)
		require.NotNil(t, stage, "%s: %s", name, s.Build.Target)
		require.Regexp(t, pinned, stage.image, name)
		require.Contains(t, toolsOf, stage.image, name)
	}
	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	require.NoError(t, err)
	major := regexp.MustCompile(`(?m)^go ([0-9]+\.[0-9]+)`).FindSubmatch(mod)
	require.Equal(t, "golang:"+string(major[1])+"-bookworm", d.stage("build").image, "the toolchain that go.mod asks for")
}

func TestWhoWaitsForWhom(t *testing.T) {
	t.Parallel()
	p := load(t)
	waits := func(name string) map[string]string {
		on := map[string]string{}
		for other, how := range p.Services[name].DependsOn {
			on[other] = how.Condition
		}
		return on
	}
	require.Empty(t, waits("postgres"))
	require.Equal(t, map[string]string{"postgres": "service_healthy"}, waits("setup"))
	ready := map[string]string{"postgres": "service_healthy", "setup": "service_completed_successfully"}
	require.Equal(t, ready, waits("hq-platform"))
	require.Equal(t, ready, waits("store-edge"), "a shop never waits for HQ")
	require.Equal(t, map[string]string{"hq-platform": "service_healthy", "store-edge": "service_healthy"}, waits("pos-sim"))
}

func TestHealthChecksAskWithWhatTheImageHas(t *testing.T) {
	t.Parallel()
	p, d := load(t), readDockerfile(t)
	for name, s := range p.Services {
		if s.Restart == "no" { // it ends by itself
			require.Nil(t, s.HealthCheck, name)
			continue
		}
		require.NotNil(t, s.HealthCheck, name)
		require.Equal(t, "CMD", s.HealthCheck.Test[0], name)
		require.NotEmpty(t, s.HealthCheck.Interval, name)
		require.NotEmpty(t, s.HealthCheck.Timeout, name)
		require.Positive(t, s.HealthCheck.Retries, name)
		image := s.Image
		if s.Build != nil {
			image = d.stage(s.Build.Target).image
		}
		require.Contains(t, toolsOf[image], s.HealthCheck.Test[1], name)
		require.Contains(t, toolsOf[image], s.runs(d)[0], "%s begins with what is there", name)
	}
	for name, server := range map[string]struct{ address, scheme string }{"store-edge": {"EDGE_ADDR", "http"}, "hq-platform": {"HQ_ADDR", "https"}} {
		s := p.Services[name]
		require.Equal(t, strings.Replace(s.Environment[server.address], "0.0.0.0", server.scheme+"://127.0.0.1", 1)+"/ready", s.HealthCheck.Test[len(s.HealthCheck.Test)-1])
	}
}

// Between containers nobody reads along: HQ has a certificate on both ports, and
// whoever speaks to it trusts the authority that setup made, and no other.
func TestHQIsReachedByTLSAlone(t *testing.T) {
	t.Parallel()
	p := load(t)
	hq, edge, sim := p.Services["hq-platform"].Environment, p.Services["store-edge"].Environment, p.Services["pos-sim"].Environment
	require.Equal(t, []string{"/run/tiem/tls/cert.pem", "/run/tiem/tls/key.pem"}, []string{hq["HQ_TLS_CERT"], hq["HQ_TLS_KEY"]})
	require.Equal(t, []string{"https://hq-platform:8090", "hq-platform:8091", "/run/tiem/tls/ca.pem"}, []string{edge["HQ_URL"], edge["HQ_GRPC_TARGET"], edge["SYNC_CA"]})
	require.Equal(t, []string{edge["HQ_URL"], edge["SYNC_CA"]}, []string{sim["HQ_URL"], sim["SSL_CERT_FILE"]})
	require.Contains(t, p.Services["setup"].Environment["HQ_URL"], "https://127.0.0.1:")
}

// Every variable that a container gets is one that somebody in it reads, by the
// program's own --help: a misspelt setting must not be a silent default.
func TestEveryVariableHasAReader(t *testing.T) {
	p, d := load(t), readDockerfile(t)
	images := built(t, d)
	edge, hq := images.settings(t, "store-edge"), images.settings(t, "hq-platform")
	require.Subset(t, edge, []string{"EDGE_ADDR", "EDGE_DATABASE_URL", "HQ_URL", "STORE_TOKEN", "LOG_LEVEL"}, "--help was read")
	require.Subset(t, hq, []string{"HQ_ADDR", "HQ_DATABASE_URL", "HQ_TOKEN", "LOG_LEVEL"})
	var shop []string
	for _, v := range (sim.Store{Tills: make([]sim.Login, 1)}).Variables() {
		shop = append(shop, v.Name)
	}
	readers := map[string][]string{
		"store-edge": edge, "hq-platform": hq, "setup": slices.Concat(edge, hq, []string{"EDGE_URL"}), "pos-sim": slices.Concat(shop, hq, []string{"SSL_CERT_FILE"}),
		"postgres": append(getenvs(t), "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"),
	}
	for name, s := range p.Services {
		require.Subset(t, readers[name], slices.Collect(maps.Keys(s.Environment)), name)
		for variable, value := range s.Environment {
			require.NotContains(t, variable, "TOKEN", "%s: a token stands in no compose file", name)
			require.NotEmpty(t, value, "%s: %s", name, variable)
		}
	}
}

// getenvs are the variables that postgres-init.sh reads.
func getenvs(t *testing.T) []string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(repository, "deploy", "postgres-init.sh"))
	require.NoError(t, err)
	var names []string
	for _, found := range regexp.MustCompile(`(?m)^\\getenv \w+ (\w+)$`).FindAllStringSubmatch(string(script), -1) {
		names = append(names, found[1])
	}
	require.NotEmpty(t, names)
	return names
}

// A shop of its own replaces every password and every address, and nothing of
// the demo is left.
func TestTheDemosPasswordsCanBeReplaced(t *testing.T) {
	t.Parallel()
	p := load(t, "TIEM_POSTGRES_PASSWORD=first", "TIEM_EDGE_DB_PASSWORD=second", "TIEM_HQ_DB_PASSWORD=third", "EDGE_STORE_ID=S7",
		"TIEM_EDGE_PORT=18080", "TIEM_HQ_PORT=18090", "TIEM_HQ_GRPC_PORT=18091")
	for name, s := range p.Services {
		for variable, value := range s.Environment {
			require.NotContains(t, value, "demo", "%s: %s", name, variable)
		}
	}
	require.Equal(t, []string{"first", "second", "third"}, []string{p.Services["postgres"].Environment["POSTGRES_PASSWORD"],
		p.Services["postgres"].Environment["EDGE_DB_PASSWORD"], p.Services["postgres"].Environment["HQ_DB_PASSWORD"]})
	require.Contains(t, p.Services["store-edge"].Environment["EDGE_DATABASE_URL"], "edge:second@")
	require.Contains(t, p.Services["hq-platform"].Environment["HQ_DATABASE_URL"], "hq:third@")
	setup := p.Services["setup"].Environment
	require.Equal(t, []string{"S7", "http://127.0.0.1:18080", "https://127.0.0.1:18090", "127.0.0.1:18091"},
		[]string{setup["EDGE_STORE_ID"], setup["EDGE_URL"], setup["HQ_URL"], setup["HQ_GRPC_TARGET"]})
	require.Equal(t, "18080", p.Services["store-edge"].Ports[0].Published)
	require.Equal(t, "18090", p.Services["hq-platform"].Ports[0].Published)
	require.Equal(t, "18091", p.Services["hq-platform"].Ports[1].Published)
}
