package sim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"tiem/internal/fault"
)

// Variable is one line of an env file.
type Variable struct{ Name, Value string }

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// WriteEnvFile writes variables in shell syntax to path, readable by its owner
// only. It appears by rename: a reader sees all of it or the one before it.
func WriteEnvFile(path string, variables []Variable) error {
	text, err := formatEnv(variables)
	if err != nil {
		return err
	}
	unwritable := func(err error) error {
		return fault.Wrap(err, fault.Config, "env_file_unwritable", "%s cannot be written", path)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".demo.env-*") // made with mode 0600
	if err != nil {
		return unwritable(err)
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // it is of no use to anybody
		return unwritable(err)
	}
	return nil
}

// ReadEnvFile reads what WriteEnvFile wrote, and what a person would write in
// its place. A file that is not there has no variables and is no error.
func ReadEnvFile(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "env_file_unreadable", "%s cannot be read", path)
	}
	variables, err := parseEnv(string(text))
	if err != nil {
		return nil, fault.As(err).At(path)
	}
	return variables, nil
}

// formatEnv quotes each value so that a shell reads back exactly its bytes.
func formatEnv(variables []Variable) (string, error) {
	var text strings.Builder
	text.WriteString("# Written by pos-sim, for scripts: set -a; . data/demo.env; set +a\n")
	for _, v := range variables {
		if !variableName.MatchString(v.Name) {
			return "", fault.New(fault.Internal, "env_name_invalid", "%q is not the name of a variable", v.Name)
		}
		if strings.ContainsRune(v.Value, 0) {
			return "", fault.New(fault.Invalid, "env_value_invalid", "a variable cannot hold a NUL").At(v.Name)
		}
		fmt.Fprintf(&text, "%s=%s\n", v.Name, shellQuote(v.Value))
	}
	return text.String(), nil
}

// shellQuote puts text in single quotes, between which the shell changes
// nothing; only the quote itself has to step out.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// parseEnv reads assignments in shell syntax: NAME=value, with the value bare,
// in single or in double quotes, or pieced together of these; export in front
// and comments are allowed. Nothing is expanded: a $ or ` that a shell would
// expand is refused, because the file would then mean something else to it.
func parseEnv(text string) (map[string]string, error) {
	variables := map[string]string{}
	s := envScanner{rest: text, line: 1}
	for s.skipBlank(); s.rest != ""; s.skipBlank() {
		name, value, err := s.assignment()
		if err != nil {
			return nil, err
		}
		variables[name] = value
	}
	return variables, nil
}

// envScanner walks over the text of an env file.
type envScanner struct {
	rest string
	line int
}

func (s *envScanner) skip(n int) {
	s.line += strings.Count(s.rest[:n], "\n")
	s.rest = s.rest[n:]
}

// skipBlank goes to the next assignment: over blanks, line ends and comments.
func (s *envScanner) skipBlank() {
	for s.rest != "" {
		switch {
		case strings.ContainsRune(" \t\r\n;", rune(s.rest[0])):
			s.skip(1)
		case s.rest[0] == '#':
			end := strings.IndexByte(s.rest, '\n')
			if end < 0 {
				end = len(s.rest)
			}
			s.skip(end)
		default:
			return
		}
	}
}

func (s *envScanner) assignment() (name, value string, err error) {
	if after, ok := strings.CutPrefix(s.rest, "export "); ok {
		s.rest = strings.TrimLeft(after, " \t")
	}
	name, _, found := strings.Cut(s.rest, "=")
	if !found || !variableName.MatchString(name) {
		return "", "", s.bad("this is not NAME='value'")
	}
	s.skip(len(name) + 1)
	var b strings.Builder
	for s.rest != "" {
		switch c := s.rest[0]; {
		case strings.ContainsRune(" \t\r\n;", rune(c)):
			return name, b.String(), nil
		case c == '\'':
			err = s.single(&b)
		case c == '"':
			err = s.double(&b)
		case c == '\\' && len(s.rest) > 1 && s.rest[1] != '\n':
			b.WriteByte(s.rest[1])
			s.skip(2)
		case strings.ContainsRune("\\$`()<>|&", rune(c)):
			err = s.bad("a shell would not take " + string(c) + " as it is; put the value in single quotes")
		default:
			b.WriteByte(c)
			s.skip(1)
		}
		if err != nil {
			return "", "", err
		}
	}
	return name, b.String(), nil
}

func (s *envScanner) single(b *strings.Builder) error {
	end := strings.IndexByte(s.rest[1:], '\'')
	if end < 0 {
		return s.bad("a quote is not closed")
	}
	b.WriteString(s.rest[1 : 1+end])
	s.skip(end + 2)
	return nil
}

func (s *envScanner) double(b *strings.Builder) error {
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.skip(i + 1)
			return nil
		case c == '$' || c == '`':
			return s.bad("a shell would expand " + string(c) + "; put the value in single quotes")
		case c == '\\' && i+1 < len(s.rest) && strings.IndexByte("\"\\$`", s.rest[i+1]) >= 0:
			i++
			b.WriteByte(s.rest[i])
		case c == '\\' && i+1 < len(s.rest) && s.rest[i+1] == '\n':
			i++ // a line that goes on
		default:
			b.WriteByte(c)
		}
	}
	return s.bad("a quote is not closed")
}

func (s *envScanner) bad(what string) error {
	return fault.New(fault.Config, "env_file_invalid", "line %d: %s", s.line, what)
}
