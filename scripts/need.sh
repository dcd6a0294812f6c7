#!/bin/sh
# need.sh go|cc|postgres|http …: are the named things on this machine?
#
# What is missing is installed where that is safe to do unasked (root on Debian or Ubuntu);
# anywhere else the command to type is printed, and the exit code is 1. Nothing is missing:
# no output, about 40 ms, so every target of the Makefile can afford to ask.
#
#   go        the Go toolchain, as new as go.mod says
#   cc        a C compiler and its headers: the race detector links with it
#   postgres  PostgreSQL's server programs, 15 or newer: the programs start their own server from them
#   http      curl and HTTPie: the tests run the README's and docs/api's commands with them
set -eu
cd "$(dirname "$0")/.."

say() { printf 'need.sh: %s\n' "$*" >&2; }

have_cc() {
	compiler=$("${GO:-go}" env CC 2>/dev/null) || compiler=''
	[ -n "$compiler" ] || compiler=gcc
	command -v "${compiler%% *}" >/dev/null 2>&1 || return 1
	# Debian's gcc comes without the C library's headers; elsewhere they live in other places.
	[ ! -e /etc/debian_version ] || [ -e /usr/include/stdlib.h ]
}

# The places are those where internal/postgres looks; a client-only install has psql and no initdb.
have_postgres() {
	for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin \
		/usr/local/opt/postgresql@*/bin /usr/local/pgsql/bin /Applications/Postgres.app/*/*/*/bin; do
		server_is_new_enough "$dir" && return 0
	done
	dir=$(command -v initdb 2>/dev/null) && server_is_new_enough "${dir%/*}"
}

server_is_new_enough() {
	[ -x "$1/initdb" ] && [ -x "$1/postgres" ] || return 1
	version=${1#"${1%%[0-9]*}"} && version=${version%%[!0-9]*} # most places name it; asking takes 10 ms
	[ -n "$version" ] || version=$("$1/postgres" --version 2>/dev/null | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
	[ "${version:-0}" -ge 15 ]
}

# Go is never installed unasked: distributions carry older ones, and people keep theirs in their own way.
need_go() {
	wanted=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)
	command -v "${GO:-go}" >/dev/null 2>&1 || {
		say "Go is not on the PATH. Install Go $wanted or newer: https://go.dev/doc/install"
		exit 1
	}
	# Run in the checkout, so that an older go may fetch the toolchain that go.mod names.
	found=$("${GO:-go}" env GOVERSION 2>&1) || {
		say "go does not run here: $found"
		exit 1
	}
	if ! printf '%s\n' "${found#go}" | awk -F. -v wanted="$wanted" \
		'{ split(wanted, w, "."); exit !($1 > w[1] || ($1 == w[1] && $2 + 0 >= w[2])) }'; then
		say "found $found; Go $wanted or newer is needed: https://go.dev/doc/install"
		exit 1
	fi
}

# Debian's package makes and starts a cluster of its own on port 5432, which nobody asked for:
# where the package is new to the machine, that is switched off while it is installed.
debian_install() {
	export DEBIAN_FRONTEND=noninteractive
	switch=''
	if [ ! -e /etc/postgresql-common ]; then
		switch=/etc/postgresql-common/createcluster.d/tiem.conf
		mkdir -p "${switch%/*}"
		echo 'create_main_cluster = false' >"$switch"
		trap 'rm -f "$switch"' EXIT
	fi
	say "installing:$1"
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of packages
	apt-get install -y -qq --no-install-recommends $1 </dev/null
}

missing='' debian='' fedora='' brew=''
for need; do
	case $need in
	go) need_go ;;
	cc)
		have_cc || {
			missing="$missing a C compiler (the race detector needs it);"
			debian="$debian gcc libc6-dev" fedora="$fedora gcc"
		}
		;;
	postgres)
		have_postgres || {
			missing="$missing PostgreSQL 15 or newer (initdb, postgres);"
			debian="$debian postgresql" fedora="$fedora postgresql-server" brew="$brew postgresql@17"
		}
		;;
	http)
		command -v curl >/dev/null 2>&1 || missing="$missing curl;" debian="$debian curl ca-certificates" fedora="$fedora curl"
		command -v http >/dev/null 2>&1 || missing="$missing HTTPie;" debian="$debian httpie" fedora="$fedora httpie" brew="$brew httpie"
		;;
	*)
		say "usage: need.sh go|cc|postgres|http …"
		exit 2
		;;
	esac
done
[ -n "$missing" ] || exit 0

say "missing:${missing%;}"
if command -v apt-get >/dev/null 2>&1; then
	if [ "$(id -u)" = 0 ]; then
		debian_install "$debian"
		case $debian in *gcc*) have_cc || { say "gcc is installed, but still no C compiler is found"; exit 1; } ;; esac
		case $debian in *postgresql*) have_postgres || { say "this release's PostgreSQL is older than 15: https://wiki.postgresql.org/wiki/Apt"; exit 1; } ;; esac
		exit 0
	fi
	say "type:  sudo apt-get update && sudo apt-get install -y --no-install-recommends$debian"
elif command -v dnf >/dev/null 2>&1; then
	say "type:  sudo dnf install -y$fedora"
elif [ "$(uname)" = Darwin ]; then
	case $debian in *gcc*) say "type:  xcode-select --install" ;; esac
	[ -z "$brew" ] || say "type:  brew install$brew"
else
	say "please install them with this system's package manager"
fi
exit 1
