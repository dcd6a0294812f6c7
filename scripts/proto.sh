#!/bin/sh
# proto.sh lint | generate DIR | breaking | release: buf on proto/.
#
#   lint      the rules of buf.yaml
#   generate  write the Go code of proto/ below DIR (the checkout, or a copy to compare)
#   breaking  compare proto/ with what was released last: proto/tiem.sync.v1.binpb
#   release   make proto/ as it is now the one to compare with; scripts/release-proto.sh is its only caller
#
# The plugins are built from tools/, like buf itself: nothing comes from buf's registry.
set -eu
cd "$(dirname "$0")/.."
released=proto/tiem.sync.v1.binpb
buf=$(scripts/tool.sh buf)

case $1 in
lint)
	"$buf" lint
	;;
generate)
	plugins=$(mktemp -d)
	trap 'rm -rf "$plugins"' EXIT
	for plugin in protoc-gen-go protoc-gen-go-grpc; do
		path=$(scripts/tool.sh "$plugin") # not inside ln: its failure would be lost
		ln -s "$path" "$plugins/$plugin"
	done
	PATH=$plugins:$PATH "$buf" generate --output "$2"
	;;
breaking)
	"$buf" breaking --against "$released"
	;;
release)
	"$buf" build --exclude-source-info --output "$released"
	;;
*)
	echo "proto.sh: there is no $1; see the head of this file" >&2
	exit 2
	;;
esac
