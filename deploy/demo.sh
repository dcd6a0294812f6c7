#!/bin/sh
# demo.sh DIR: make the demo of compose.yaml ready to be started, and leave its tokens and PINs in DIR.
#
# It brings both schemas up to date, registers the store at HQ, loads the catalogue, and adds a till and two people.
# What an earlier run left is kept: tokens in DIR stay valid for as long as the databases know their owners.
#
#   DIR/hq.env    HQ's settings           read by the container of hq-platform
#   DIR/edge.env  the store edge's        read by the container of store-edge
#   DIR/demo.env  for people and scripts  the variables of make run's data/demo.env
#   DIR/tls       HQ's certificate and key, and the authority (ca.pem) that the store edge trusts; made anew within
#                 their year: the store edge is to be restarted then
#
# Settings: EDGE_DATABASE_URL, HQ_DATABASE_URL, EDGE_STORE_ID, and EDGE_URL, HQ_URL and HQ_GRPC_TARGET for demo.env.
set -eu
umask 077 # tokens are the owner's alone
dir=$1
catalogue=${2:-/usr/local/share/tiem/catalogue.csv}
terminal=T1 cashier=C1 manager=M1

# registered PROGRAM KIND NAME ID: does the database know it? If the list cannot be had, adding it will be refused.
registered() {
	list=$("$1" "$2" list --json)
	printf '%s\n' "$list" | grep -q "\"$3\": \"$4\""
}

# issue PROGRAM ARGUMENT …: print the token, or the PIN, that the command issues.
issue() {
	answer=$("$@" --json)
	printf '%s\n' "$answer" | sed -n -e 's/.*"token": "\([0-9a-f]\{64\}\)".*/\1/p' -e 's/.*"pin": "\([0-9]*\)".*/\1/p' | grep .
}

# person ID NAME ROLE PIN: print the person's PIN: the one that is known, or a new one.
person() {
	if ! registered store-edge staff cashier_id "$1"; then
		issue store-edge staff add --id "$1" --name "$2" --role "$3"
	elif [ -n "$4" ]; then
		printf '%s\n' "$4"
	else
		issue store-edge staff reset-pin --id "$1"
	fi
}

# leave FILE: standard input becomes DIR/FILE, all of it or not at all.
leave() {
	cat >"$dir/.$1.new"
	mv "$dir/.$1.new" "$dir/$1"
}

STORE_TOKEN='' TERMINAL_TOKEN='' HQ_TOKEN='' CASHIER_PIN='' MANAGER_PIN=''
edge_url=${EDGE_URL:?} hq_url=${HQ_URL:?} hq_grpc_target=${HQ_GRPC_TARGET:?} store=${EDGE_STORE_ID:?}
# shellcheck source=/dev/null # written below
[ ! -e "$dir/demo.env" ] || . "$dir/demo.env"

hq-platform migrate
store-edge migrate

if registered hq-platform store store_id "$store"; then
	[ -n "$STORE_TOKEN" ] || STORE_TOKEN=$(issue hq-platform store add --id "$store" --rotate)
else
	STORE_TOKEN=$(issue hq-platform store add --id "$store" --name "Tiệm $store")
fi
if registered store-edge terminal terminal_id "$terminal"; then
	[ -n "$TERMINAL_TOKEN" ] || TERMINAL_TOKEN=$(issue store-edge terminal add --id "$terminal" --name "Quầy $terminal" --rotate)
else
	TERMINAL_TOKEN=$(issue store-edge terminal add --id "$terminal" --name "Quầy $terminal")
fi
if ! registered store-edge staff cashier_id "$manager"; then # the last thing that a first run adds
	store-edge seed --file "$catalogue"
fi
CASHIER_PIN=$(person "$cashier" 'Thu ngân' cashier "$CASHIER_PIN")
MANAGER_PIN=$(person "$manager" 'Quản lý' manager "$MANAGER_PIN")
[ -n "$HQ_TOKEN" ] || HQ_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')

if [ ! -d "$dir/tls" ] || [ -n "$(find "$dir/tls/cert.pem" -mtime +300)" ]; then
	rm -rf "$dir/.tls.new" # of a run that was cut short
	hq-platform certificate --host hq-platform --dir "$dir/.tls.new"
	rm -rf "$dir/tls"
	mv "$dir/.tls.new" "$dir/tls"
fi

leave hq.env <<END
HQ_TOKEN='$HQ_TOKEN'
END
leave edge.env <<END
STORE_TOKEN='$STORE_TOKEN'
END
leave demo.env <<END
# The demo's addresses and tokens, for scripts: set -a; . ./demo.env; set +a
EDGE_URL='$edge_url'
HQ_URL='$hq_url'
HQ_GRPC_TARGET='$hq_grpc_target'
STORE_ID='$store'
STORE_TOKEN='$STORE_TOKEN'
TERMINAL_ID='$terminal'
TERMINAL_TOKEN='$TERMINAL_TOKEN'
CASHIER_ID='$cashier'
CASHIER_PIN='$CASHIER_PIN'
MANAGER_ID='$manager'
MANAGER_PIN='$MANAGER_PIN'
HQ_TOKEN='$HQ_TOKEN'
END
echo "demo.sh: store $store is ready to sell; its tokens are in $dir"
