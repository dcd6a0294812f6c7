package arch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// maxBytes is the most that one file may bring into git, whose history never
// forgets it.
const maxBytes = 1 << 20

// CheckWeight finds files that are too large for git, among those that are
// tracked and those that the next "git add" would take.
func CheckWeight(ctx context.Context, root string) ([]string, error) {
	// A checkout may belong to somebody else (CI, a container): it is only read here.
	list := exec.CommandContext(ctx, "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var breaches []string
	for name := range strings.SplitSeq(strings.Trim(string(out), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(root, name))
		if err == nil && info.Mode().IsRegular() && info.Size() > maxBytes {
			breaches = append(breaches, fmt.Sprintf("%s has %d bytes, of %d at most in git", name, info.Size(), maxBytes))
		}
	}
	return breaches, nil
}
