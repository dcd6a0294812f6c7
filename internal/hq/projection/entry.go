package projection

import (
	"runtime"
	"slices"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// The stable codes of a refused event. They stand in hq_quarantine.code and in
// the acknowledgment; wire.CodeWaiting is the one of an event that was not tried.
const (
	CodeUnknownType         = "unknown_type"         // this HQ has never heard of it: replay after an upgrade
	CodeUnknownVersion      = "unknown_version"      // of a known type's payload: the same
	CodePayloadInvalid      = "payload_invalid"      // cannot be read, or a field is out of its range
	CodeSumMismatch         = "sum_mismatch"         // lines, tax, totals or change do not add up
	CodeReceiptReused       = "receipt_reused"       // the receipt number stands on another sale
	CodeTransactionRepeated = "transaction_repeated" // the sale, or the void, was recorded by an earlier event
	CodePaymentRepeated     = "payment_repeated"     // the payment was recorded by an earlier event
)

// Entry is an event and what it says, or the reason why it cannot be applied.
type Entry struct {
	Event   *wire.Event
	Refusal *fault.Error // nil if the event can be read and its sums hold

	// Without a Refusal, Day is Event.BusinessDate (midnight UTC), and exactly
	// one of the others is what the payload says.
	Day     time.Time
	Sale    *wire.SaleRecorded
	Stock   *wire.InventoryAdjusted
	Payment *wire.PaymentCaptured
	Void    *wire.BasketVoided
}

// Read interprets an event without a database. It never fails: what is wrong
// with the event stands in Refusal.
func Read(event *wire.Event) Entry {
	entry := Entry{Event: event}
	entry.Refusal = fault.As(entry.read())
	return entry
}

// ReadAll interprets a run of events.
func ReadAll(events []wire.Event) []Entry {
	entries := make([]Entry, len(events))
	for i := range events {
		entries[i] = Read(&events[i])
		if i%breath == breath-1 {
			runtime.Gosched()
		}
	}
	return entries
}

// breath is how many events are read before others have their turn: a large batch
// takes milliseconds, and the steps of a sale that was just paid stand behind it.
const breath = 32

// kind is how events of one type are read.
type kind struct {
	version int32 // of the payload's schema
	open    func(*Entry) (payload any, verify func() error)
}

// kinds are the events that this HQ can apply: all that Read and Unreadable know.
var kinds = map[string]kind{
	wire.TypeSaleRecorded: {1, func(e *Entry) (any, func() error) {
		e.Sale = &wire.SaleRecorded{}
		return e.Sale, e.verifySale
	}},
	wire.TypeInventoryAdjusted: {1, func(e *Entry) (any, func() error) {
		e.Stock = &wire.InventoryAdjusted{}
		return e.Stock, e.verifyStock
	}},
	wire.TypePaymentCaptured: {1, func(e *Entry) (any, func() error) {
		e.Payment = &wire.PaymentCaptured{}
		return e.Payment, e.verifyPayment
	}},
	wire.TypeBasketVoided: {1, func(e *Entry) (any, func() error) {
		e.Void = &wire.BasketVoided{}
		return e.Void, e.verifyVoid
	}},
}

func (e *Entry) read() error {
	k, known := kinds[e.Event.Type]
	switch {
	case !known:
		return refuse(CodeUnknownType, "this HQ does not know events of type %s", e.Event.Type)
	case e.Event.Version != k.version:
		return refuse(CodeUnknownVersion, "this HQ does not know version %d of %s", e.Event.Version, e.Event.Type)
	}
	day, err := time.Parse(wire.DateLayout, e.Event.BusinessDate)
	if err != nil {
		return refuse(CodePayloadInvalid, "the business date is not a date")
	}
	e.Day = day
	payload, verify := k.open(e)
	if err := wire.DecodePayload(e.Event.Payload, payload); err != nil {
		return err
	}
	return verify()
}

// Unreadable names, in order, the types among versions (type to payload version)
// that Read would refuse.
func Unreadable(versions map[string]int32) []string {
	var types []string
	for name, version := range versions {
		if k, known := kinds[name]; !known || version != k.version {
			types = append(types, name)
		}
	}
	slices.Sort(types)
	return types
}

func refuse(code, format string, args ...any) error {
	return fault.New(fault.Invalid, code, format, args...)
}

func invalid(format string, args ...any) error { return refuse(CodePayloadInvalid, format, args...) }

func mismatch(format string, args ...any) error { return refuse(CodeSumMismatch, format, args...) }
