package arch

import (
	"fmt"
	"slices"
	"strings"
)

// A package comment is the package's design document; in fewer lines nobody
// says what it is for and what may go wrong.
const minCommentLines = 3

// checkComments finds packages without a package comment, main packages
// included. A package of tests only has it in one of them.
func checkComments(tree *Tree) []string {
	lines, hasCode := map[string]int{}, map[string]bool{}
	for _, file := range tree.Files {
		lines[file.Dir()] = max(lines[file.Dir()], 0)
		hasCode[file.Dir()] = hasCode[file.Dir()] || !file.Test
	}
	for _, file := range tree.Files {
		if file.Test && hasCode[file.Dir()] || file.AST.Doc == nil {
			continue
		}
		text := strings.TrimSpace(file.AST.Doc.Text())
		if text != "" && !file.Generated {
			lines[file.Dir()] = max(lines[file.Dir()], strings.Count(text, "\n")+1)
		}
	}
	var breaches []string
	for dir, n := range lines {
		if n < minCommentLines {
			breaches = append(breaches, fmt.Sprintf(
				"%s: the package comment has %d lines, of %d at least: what is it for, what does it keep, what may go wrong?", dir, n, minCommentLines))
		}
	}
	slices.Sort(breaches)
	return breaches
}
