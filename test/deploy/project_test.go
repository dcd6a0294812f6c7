package deploy

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
)

// project is the compose file as Compose understands it, as far as we look.
type project struct {
	Services map[string]service `json:"services"`
	Networks map[string]struct {
		Internal bool `json:"internal"`
	} `json:"networks"`
	Volumes map[string]any `json:"volumes"`
}

type service struct {
	Image       string            `json:"image"`
	Build       *build            `json:"build"`
	User        string            `json:"user"`
	ReadOnly    bool              `json:"read_only"`
	Privileged  bool              `json:"privileged"`
	CapAdd      []string          `json:"cap_add"`
	CapDrop     []string          `json:"cap_drop"`
	SecurityOpt []string          `json:"security_opt"`
	NetworkMode string            `json:"network_mode"`
	Networks    map[string]any    `json:"networks"`
	Restart     string            `json:"restart"`
	Profiles    []string          `json:"profiles"`
	Entrypoint  []string          `json:"entrypoint"`
	Command     []string          `json:"command"`
	Environment map[string]string `json:"environment"`
	Ports       []port            `json:"ports"`
	Volumes     []volume          `json:"volumes"`
	HealthCheck *healthCheck      `json:"healthcheck"`
	DependsOn   map[string]struct {
		Condition string `json:"condition"`
	} `json:"depends_on"`
}

type build struct {
	Context    string `json:"context"`
	Dockerfile string `json:"dockerfile"`
	Target     string `json:"target"`
}

type port struct {
	HostIP    string `json:"host_ip"`
	Published string `json:"published"`
	Target    int    `json:"target"`
}

type volume struct {
	Type     string `json:"type"`
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"read_only"`
}

type healthCheck struct {
	Test     []string `json:"test"`
	Interval string   `json:"interval"`
	Timeout  string   `json:"timeout"`
	Retries  int      `json:"retries"`
}

// load reads compose.yaml with nothing in the environment but the variables.
func load(t *testing.T, variables ...string) project {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(repository, "compose.yaml"))
	require.NoError(t, err)
	var out, said bytes.Buffer
	run := exec.CommandContext(t.Context(), "go", append([]string{"run", ".", file}, variables...)...)
	run.Dir, run.Stdout, run.Stderr = filepath.Join(repository, "tools", "compose"), &out, &said
	require.NoError(t, run.Run(), "%s", &said)
	require.NotContains(t, said.String(), "warning", "Compose would grumble")
	var p project
	require.NoError(t, json.Unmarshal(out.Bytes(), &p))
	return p
}

// runs is the command that the container begins with; without one of its own it
// is the image's.
func (s service) runs(d dockerfile) []string {
	if s.Build == nil {
		return append(s.Entrypoint, s.Command...)
	}
	stage := d.stage(s.Build.Target)
	switch {
	case s.Entrypoint != nil: // Compose then forgets the image's CMD, too
		return append(s.Entrypoint, s.Command...)
	case s.Command != nil:
		return append(stage.entrypoint, s.Command...)
	}
	return append(stage.entrypoint, stage.cmd...)
}
