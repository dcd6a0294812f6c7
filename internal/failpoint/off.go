//go:build !failpoint

package failpoint

// Enabled tells whether this binary was built with failpoints.
const Enabled = false

// Hit marks a place; without the build tag it does nothing.
func Hit(string) {}
