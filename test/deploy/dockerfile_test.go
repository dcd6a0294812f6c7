package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
)

// dockerfile is the stages of a Dockerfile, in their order.
type dockerfile []*stage

// stage is one FROM and what follows it. What it takes over from the stage that
// it builds on is filled in.
type stage struct {
	name, base      string // base is an image, or the name of a stage above
	image           string // where the chain of bases ends
	env             []string
	user            string
	entrypoint, cmd []string
	steps           []step
}

// step is a COPY or a RUN in its WORKDIR.
type step struct {
	verb    string
	dir     string
	from    string   // of COPY: a stage; empty: the context
	args    []string // of COPY: sources, then the destination
	command string   // of RUN
}

func (d dockerfile) stage(name string) *stage {
	i := slices.IndexFunc(d, func(s *stage) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return d[i]
}

func readDockerfile(t *testing.T) dockerfile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "deploy", "Dockerfile"))
	require.NoError(t, err)
	d, err := parseDockerfile(string(text))
	require.NoError(t, err)
	return d
}

// parseDockerfile reads what our Dockerfile uses and refuses the rest: an
// instruction that is not understood here would not be tried either.
func parseDockerfile(text string) (dockerfile, error) {
	var d dockerfile
	dir := "/"
	for _, line := range instructions(text) {
		verb, rest, _ := strings.Cut(line, " ")
		words := strings.Fields(rest)
		if verb == "FROM" {
			if len(words) != 3 || words[1] != "AS" {
				return nil, fmt.Errorf("not FROM image AS name: %s", line)
			}
			next := &stage{name: words[2], base: words[0], image: words[0]}
			if base := d.stage(words[0]); base != nil {
				next.image, next.user, next.env = base.image, base.user, slices.Clone(base.env)
			} else {
				dir = "/"
			}
			d = append(d, next)
			continue
		}
		if len(d) == 0 {
			return nil, fmt.Errorf("before FROM: %s", line)
		}
		s := d[len(d)-1]
		var err error
		switch verb {
		case "WORKDIR":
			dir = rest
		case "USER":
			s.user = rest
		case "ENV":
			s.env = append(s.env, words...)
		case "ENTRYPOINT":
			err = json.Unmarshal([]byte(rest), &s.entrypoint)
		case "CMD":
			err = json.Unmarshal([]byte(rest), &s.cmd)
		case "COPY":
			err = s.copies(dir, words)
		case "RUN":
			for strings.HasPrefix(rest, "--mount=type=cache,") { // the machine's own caches stand in for them
				_, rest, _ = strings.Cut(rest, " ")
				rest = strings.TrimSpace(rest)
			}
			s.steps = append(s.steps, step{verb: verb, dir: dir, command: rest})
		default:
			err = fmt.Errorf("%s is not understood here", verb)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
	}
	return d, nil
}

func (s *stage) copies(dir string, words []string) error {
	c := step{verb: "COPY", dir: dir}
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		from, ok := strings.CutPrefix(words[0], "--from=")
		if !ok {
			return fmt.Errorf("%s is not understood here", words[0])
		}
		c.from, words = from, words[1:]
	}
	if len(words) < 2 {
		return fmt.Errorf("COPY needs a source and a destination")
	}
	c.args = words
	s.steps = append(s.steps, c)
	return nil
}

// instructions are the lines without comments, continued ones put together.
func instructions(text string) []string {
	var list []string
	var open bool
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		line, more := strings.CutSuffix(line, `\`)
		if open {
			list[len(list)-1] += line
		} else {
			list = append(list, line)
		}
		open = more
	}
	return list
}

func TestDockerfilesAreRead(t *testing.T) {
	t.Parallel()
	d, err := parseDockerfile(`# a comment
FROM golang:1.26 AS build
WORKDIR /src
ENV A=1 B=2
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/x --mount=type=cache,target=/y \
    go build \
    # in between
    ./...
FROM alpine:3 AS programs
USER 1:2
FROM programs AS shop
COPY --from=build /src/bin /bin/
ENTRYPOINT ["shop"]
CMD ["serve", "--now"]
`)
	require.NoError(t, err)
	require.Equal(t, dockerfile{
		{name: "build", base: "golang:1.26", image: "golang:1.26", env: []string{"A=1", "B=2"}, steps: []step{
			{verb: "COPY", dir: "/src", args: []string{"go.mod", "go.sum", "./"}},
			{verb: "RUN", dir: "/src", command: "go build ./..."}}},
		{name: "programs", base: "alpine:3", image: "alpine:3", user: "1:2"},
		{name: "shop", base: "programs", image: "alpine:3", user: "1:2", entrypoint: []string{"shop"}, cmd: []string{"serve", "--now"}, steps: []step{
			{verb: "COPY", dir: "/", from: "build", args: []string{"/src/bin", "/bin/"}}}},
	}, d)
	for _, bad := range []string{"RUN x", "FROM a", "FROM a AS b\nADD x y", "FROM a AS b\nCOPY --chown=1 x y", "FROM a AS b\nCOPY x", "FROM a AS b\nCMD serve"} {
		_, err := parseDockerfile(bad)
		require.Error(t, err, bad)
	}
}
