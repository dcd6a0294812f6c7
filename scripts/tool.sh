#!/bin/sh
# tool.sh NAME: print the path of the tool of tools/NAME/go.mod, building it first where it must be.
#
# `go tool` would link these programs anew in every fresh build cache (minutes), so the binary is kept
# outside the checkout. Its name carries what it was made from: its version, Go's, and a checksum of
# its go.mod and go.sum. Another of any of them is another file, and nothing has to be invalidated.
set -eu
cd "$(dirname "$0")/../tools/$1"
go=${GO:-go}

package=$(sed -n 's/^tool //p' go.mod)
version=$(awk -v package="$package/" '$1 == "require" { sub(/^require /, "") } index(package, $1 "/") == 1 { print $2 }' go.mod)
sum=$(cat go.mod go.sum | cksum | cut -d' ' -f1)
cache=${XDG_CACHE_HOME:-${HOME:?is needed to keep built tools}/.cache}/tiem/tools
binary=$cache/$1-$version-$("$go" env GOVERSION)-$sum

if [ ! -x "$binary" ]; then
	echo "tool.sh: building $1 $version once, into $cache (about two minutes)" >&2
	mkdir -p "$cache"
	# Built beside and renamed: a half-written file is never taken for the tool.
	# CGO_ENABLED=0: no C compiler for a linter. GOFLAGS: ours, whatever the caller's is.
	CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false' "$go" build -trimpath -ldflags='-s -w' -o "$binary.$$" "$package"
	mv "$binary.$$" "$binary"
fi
echo "$binary"
