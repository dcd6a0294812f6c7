#!/bin/sh
# sale.sh: two sales by HTTPie, a cash sale and a QR sale, and their way to HQ.
#
#   make run              in one terminal
#   docs/api/sale.sh      in another
#
# It reads the demo's addresses and tokens from data/demo.env; DEMO_ENV names another file.
# Every step checks its answer: the first one that is not as expected is named on standard error,
# and the exit code is 1. HTTPie is `http` (Debian: apt-get install httpie); HTTP names another one.
set -eu

DEMO_ENV=${DEMO_ENV:-$(dirname "$0")/../../data/demo.env}
AQUAFINA=8934588063145 # Aquafina 500 ml, 6000 đ
COCA=8935049501503     # Coca-Cola 330 ml, 10900 đ

fail() {
	printf 'sale.sh: %s\n' "$*" >&2
	exit 1
}

[ -r "$DEMO_ENV" ] || fail "$DEMO_ENV is not there: is the demo running (make run)?"
# shellcheck disable=SC1090 # named by the caller
case $DEMO_ENV in */*) . "$DEMO_ENV" ;; *) . "./$DEMO_ENV" ;; esac

HTTP=${HTTP:-http}
command -v "$HTTP" >/dev/null 2>&1 || fail "HTTPie is missing: no command $HTTP (Debian: apt-get install httpie)"

# --- HTTPie ------------------------------------------------------------------------------------

# An empty directory of settings: nobody's own HTTPie settings change what this script does.
# --check-status: an answer of 4xx or 5xx is a failure. --ignore-stdin: also where there is no terminal.
HTTPIE_CONFIG_DIR=$(mktemp -d)
export HTTPIE_CONFIG_DIR
trap 'rm -rf "$HTTPIE_CONFIG_DIR"' EXIT

# call TOKEN METHOD URL [ITEM…]: the answer's body, on one line.
call() {
	token=$1
	shift
	body=$("$HTTP" --check-status --ignore-stdin --body --pretty=none --timeout=15 "$@" "Authorization:Bearer $token") ||
		fail "$1 $2 was refused: $body"
	printf '%s\n' "$body"
}

# The till's call. The token says which till it is, the session who stands at it; an Idempotency-Key
# makes a repeated change harmless.
session=none # until somebody has signed in
till() { call "$TERMINAL_TOKEN" "$@" "X-Session:$session" "Idempotency-Key:$(new_id)"; }

# A script's call to HQ.
hq() { call "$HQ_TOKEN" "$@"; }

# A till mints ids itself, so that it can repeat a request whose answer was lost.
new_id() {
	if [ -r /proc/sys/kernel/random/uuid ]; then cat /proc/sys/kernel/random/uuid; else uuidgen | tr '[:upper:]' '[:lower:]'; fi
}

# --- checks --------------------------------------------------------------------------------------

# expect WHAT ANSWER PIECE: PIECE, such as '"status":"PAID"', is in ANSWER.
expect() {
	case $2 in
	*"$3"*) ;;
	*) fail "$1: expected $3 in: $2" ;;
	esac
}

# field NAME ANSWER: the value of the answer's first member of that name, a plain string or number.
field() { printf '%s\n' "$2" | sed -n "s/.*[{,]\"$1\":\"\{0,1\}\([A-Za-z0-9-]*\).*/\1/p" | head -n 1; }

# until_acked: waits until HQ has acknowledged every event of the store.
until_acked() {
	tries=0
	while :; do
		status=$(till GET "$EDGE_URL/v1/status")
		case $status in *'"pending_events":0,'*) return 0 ;; esac
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || fail "HQ has not acknowledged all events after 20 s: $status"
		sleep 0.2
	done
}

# --- sign in ---------------------------------------------------------------------------------------

answer=$(till POST "$EDGE_URL/v1/sessions" terminal_id="$TERMINAL_ID" cashier_id="$CASHIER_ID" pin="$CASHIER_PIN")
session=$(field session_token "$answer")
[ -n "$session" ] || fail "sign-in: no session token"

# --- a cash sale -----------------------------------------------------------------------------------

status=$(till GET "$EDGE_URL/v1/status")
begin=$(field head "$status")

cash=$(new_id)
answer=$(till POST "$EDGE_URL/v1/transactions" id="$cash" terminal_id="$TERMINAL_ID" cashier_id="$CASHIER_ID")
expect 'create' "$answer" '"status":"DRAFT"'

till POST "$EDGE_URL/v1/transactions/$cash/items" barcode="$AQUAFINA" >/dev/null
answer=$(till POST "$EDGE_URL/v1/transactions/$cash/items" barcode="$COCA" quantity=2)
expect 'two items' "$answer" '"line_no":2'

totals=$(till GET "$EDGE_URL/v1/transactions/$cash/totals")
expect 'totals' "$totals" '"total":27800'
expect 'totals' "$totals" '"due":27800'

answer=$(till POST "$EDGE_URL/v1/transactions/$cash/payments" method=CASH amount:=27800 tendered:=50000)
expect 'cash' "$answer" '"status":"CAPTURED"'
expect 'cash' "$answer" '"change":22200'

answer=$(till POST "$EDGE_URL/v1/transactions/$cash/finalize")
expect 'finalize' "$answer" '"status":"PAID"'
receipt=$(field receipt_no "$answer")
[ -n "$receipt" ] || fail "finalize: no receipt number in: $answer"

again=$(till POST "$EDGE_URL/v1/transactions/$cash/finalize")
expect 'finalize again' "$again" "\"receipt_no\":\"$receipt\""
echo "cash sale  $receipt  27800 d, 50000 d given, 22200 d change"

# --- a QR sale ---------------------------------------------------------------------------------------

qr=$(new_id)
payment=$(new_id)
till POST "$EDGE_URL/v1/transactions" id="$qr" terminal_id="$TERMINAL_ID" cashier_id="$CASHIER_ID" >/dev/null
till POST "$EDGE_URL/v1/transactions/$qr/items" barcode="$AQUAFINA" >/dev/null

answer=$(till POST "$EDGE_URL/v1/transactions/$qr/payments" id="$payment" method=QR amount:=6000)
expect 'QR' "$answer" '"status":"PENDING"'
expect 'QR' "$answer" '"qr_payload"'

image=$("$HTTP" --check-status --ignore-stdin --print=h "$EDGE_URL/v1/payments/$payment/qr.png" "Authorization:Bearer $TERMINAL_TOKEN")
expect 'QR image' "$image" 'image/png'

answer=$(till POST "$EDGE_URL/v1/payments/$payment/simulate" outcome=CAPTURED)
expect 'the customer pays' "$answer" '"status":"CAPTURED"'

answer=$(till POST "$EDGE_URL/v1/transactions/$qr/finalize")
expect 'finalize the QR sale' "$answer" '"status":"PAID"'
echo "QR sale    $(field receipt_no "$answer")  6000 d"

# --- to HQ ---------------------------------------------------------------------------------------------

until_acked
outbox=$(till GET "$EDGE_URL/v1/outbox" after=="$begin")
expect 'outbox' "$outbox" "$receipt"
case $outbox in *'"published_at":null'*) fail "outbox: an event is not published: $outbox" ;; esac

status=$(till GET "$EDGE_URL/v1/status")
head=$(field head "$status")
sync=$(hq GET "$HQ_URL/v1/stores/$STORE_ID/sync")
expect 'HQ has all events' "$sync" "\"received_upto\":$head,"
expect 'HQ has all events' "$sync" '"quarantined":0'

events=$(hq GET "$HQ_URL/v1/stores/$STORE_ID/events" after=="$begin")
for type in SaleRecorded InventoryAdjusted PaymentCaptured; do
	expect "HQ's events" "$events" "\"type\":\"$type\""
done
expect "HQ's events" "$events" "\"hash\":\"$(field chain_hash "$sync")\""
echo "HQ         events $((begin + 1)) to $head of store $STORE_ID, complete"
