package catalog

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/catalogue-formats.md names every column, error and warning of both
// formats, and none that is not there.
func TestTheFormatsDocumentIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/catalogue-formats.md")
	require.NoError(t, err)
	var documented []string
	for _, found := range regexp.MustCompile("`([a-z0-9]+(?:_[a-z0-9]+)+)`").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, found[1])
	}
	known := slices.Concat(csvLayout.all, shopProducts.all, shopUnits.all, []string{
		"age_restricted_invalid", "opening_stock_invalid", "deleted_flag_invalid", "barcode_invalid", "barcode_ambiguous"})
	for _, name := range codesInSource(t) {
		require.Contains(t, documented, name)
		known = append(known, name)
	}
	for _, name := range documented {
		require.Contains(t, known, name)
	}
	for _, name := range slices.Concat(csvLayout.all, shopProducts.all, shopUnits.all) {
		require.Contains(t, string(text), "| `"+name+"` |", "a row of its own")
	}
}

// codesInSource are the readers' texts that look like a code or a column.
func codesInSource(t *testing.T) (codes []string) {
	t.Helper()
	var files []string
	for _, pattern := range []string{"csv*.go", "shop2015*.go", "problem.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	literal := regexp.MustCompile(`"([a-z0-9]+(?:_[a-z0-9]+)+)"`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, found := range literal.FindAllStringSubmatch(string(source), -1) {
			codes = append(codes, found[1])
		}
	}
	require.Contains(t, codes, "csv_utf16")
	require.Contains(t, codes, "price_unlike_parts")
	return codes
}
