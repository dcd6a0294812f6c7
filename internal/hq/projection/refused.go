package projection

import (
	"strings"

	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Refused is the reason why PostgreSQL refused a projection's data; nil if err
// is nil or of another sort, such as a database that is restarting.
func Refused(err error) *fault.Error {
	constraint, state := postgres.Constraint(err), postgres.SQLState(err)
	reason := func(code, message string) *fault.Error {
		return fault.Wrap(err, fault.Invalid, code, "%s", message).With("constraint", constraint)
	}
	switch {
	case constraint == "hq_transactions_receipt_no_key":
		return reason(CodeReceiptReused, "the receipt number stands on another sale of the store")
	case constraint == "hq_transactions_pkey":
		return reason(CodeTransactionRepeated, "the sale was recorded by an earlier event")
	case constraint == "hq_voided_baskets_pkey", constraint == "hq_overrides_pkey":
		return reason(CodeTransactionRepeated, "the basket was recorded by an earlier event")
	case constraint == "hq_payments_pkey":
		return reason(CodePaymentRepeated, "the payment was recorded by an earlier event")
	case strings.HasSuffix(constraint, "_sums"):
		return reason(CodeSumMismatch, "the event's sums do not hold")
	case strings.HasPrefix(state, "22"), strings.HasPrefix(state, "23"), strings.HasPrefix(state, "54"):
		return reason(CodePayloadInvalid, "the database cannot hold what the event says (SQLSTATE "+state+")")
	}
	return nil
}
