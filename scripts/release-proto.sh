#!/bin/sh
# release-proto.sh [--break]: from now on `make verify` compares proto/ with what it is today.
#
# To be called when a version of the protocol leaves the house: stores speak it from then on, and they are not all
# updated on one day. A change that an old store would not understand is refused, here as in `make verify`; --break
# releases it all the same, for a protocol that nobody speaks any more.
set -eu
cd "$(dirname "$0")/.."
case ${1-} in
'')
	scripts/proto.sh lint
	[ ! -e proto/tiem.sync.v1.binpb ] || scripts/proto.sh breaking
	;;
--break) ;;
*)
	echo "release-proto.sh: $1 is not --break" >&2
	exit 2
	;;
esac
scripts/proto.sh release
echo "release-proto.sh: proto/tiem.sync.v1.binpb is what proto/ is now; commit both together"
