#!/bin/sh
# fuzz.sh [SECONDS [NAME]]: run every fuzz target of the module (or those whose name contains NAME) for SECONDS each, 3 by default.
#
# Runs of less than 30 seconds begin with the seeds of the tree; longer ones with what the long ones before found
# interesting, too (in Go's build cache), which takes seconds to go through. The tree is left as it was.
# An input that breaks a target is written beside it by go test: its path is printed, the other targets run on, and
# the exit code is 1. Commit that file with the fix: from then on `go test` runs it every time.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
seconds=${1:-3} name=${2:-}

case $seconds in
'' | *[!0-9]* | 0)
	echo "fuzz.sh: $seconds is not a number of seconds; usage: scripts/fuzz.sh [SECONDS [NAME]]" >&2
	exit 2
	;;
esac

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# "folder target" of each func FuzzX; what begins with a dot, data/ and bin/ are not the module's, tools/ are others.
find . \( -name node_modules -o -path ./data -o -path ./bin -o -path ./tools -o -name '.?*' \) -prune -o \
	-name '*_test.go' -exec grep -oE "^func Fuzz[A-Za-z0-9_]*\(" /dev/null {} + |
	sed -E 's|^\./(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*)\($|\1 \2|' | sort -u >"$scratch/all"
awk -v name="$name" 'index($2, name)' "$scratch/all" >"$scratch/targets"
[ -s "$scratch/targets" ] || {
	echo "fuzz.sh: no fuzz target has '$name' in its name" >&2
	exit 2
}

# Go before 1.27 now and then reports the end of the time that it was given as a failure without an input (go.dev/issue/75804).
only_ran_out() {
	grep -q '^ *context deadline exceeded$' "$scratch/out" && ! grep -qE 'Failing input|panic:|_test\.go:[0-9]+:' "$scratch/out"
}

failed=0
while read -r folder target; do
	set -- -vet=off -run '^$' -fuzz "^$target\$" -fuzztime "${seconds}s" -fuzzminimizetime 100x -parallel 2 "./$folder"
	[ "$seconds" -ge 30 ] || set -- "$@" -args -test.fuzzcachedir="$scratch/cache/$target"
	if "$go" test "$@" </dev/null >"$scratch/out" 2>&1 || only_ran_out; then
		execs=$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$scratch/out" | tail -n 1)
		printf 'ok    %-24s %s: %s runs\n' "$target" "$folder" "${execs:-0}"
		continue
	fi
	failed=1
	printf 'FAIL  %-24s %s\n' "$target" "$folder"
	grep -v '^fuzz: ' "$scratch/out" | head -n 60 | sed 's/^/      /'
	input=$(sed -n 's|.*Failing input written to \(testdata/.*\)|\1|p' "$scratch/out" | tail -n 1)
	[ -z "$input" ] || printf '      failing input: %s\n' "$folder/$input"
done <"$scratch/targets"
exit $failed
