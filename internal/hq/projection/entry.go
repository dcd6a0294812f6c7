package projection

import (
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
	}
	return entries
}

func (e *Entry) read() error {
	var payload any
	var verify func() error
	switch e.Event.Type {
	case wire.TypeSaleRecorded:
		e.Sale = &wire.SaleRecorded{}
		payload, verify = e.Sale, e.verifySale
	case wire.TypeInventoryAdjusted:
		e.Stock = &wire.InventoryAdjusted{}
		payload, verify = e.Stock, e.verifyStock
	case wire.TypePaymentCaptured:
		e.Payment = &wire.PaymentCaptured{}
		payload, verify = e.Payment, e.verifyPayment
	case wire.TypeBasketVoided:
		e.Void = &wire.BasketVoided{}
		payload, verify = e.Void, e.verifyVoid
	default:
		return refuse(CodeUnknownType, "this HQ does not know events of type %s", e.Event.Type)
	}
	if e.Event.Version != 1 {
		return refuse(CodeUnknownVersion, "this HQ does not know version %d of %s", e.Event.Version, e.Event.Type)
	}
	day, err := time.Parse(wire.DateLayout, e.Event.BusinessDate)
	if err != nil {
		return refuse(CodePayloadInvalid, "the business date is not a date")
	}
	e.Day = day
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
		known := name == wire.TypeSaleRecorded || name == wire.TypeInventoryAdjusted || name == wire.TypePaymentCaptured || name == wire.TypeBasketVoided
		if !known || version != 1 {
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
