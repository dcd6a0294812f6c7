package sim

import (
	"net/http"
	"strings"
)

// The calls of a till, as a display names them.
const (
	CallSignIn   = "sign in"
	CallSignOut  = "sign out"
	CallOpen     = "open"
	CallScan     = "scan"
	CallEdit     = "edit"
	CallDiscount = "discount"
	CallPay      = "pay"
	CallFinalize = "finalize"
	CallSuspend  = "suspend"
	CallResume   = "resume"
	CallVoid     = "void"
	CallApprove  = "approve"
	CallOther    = "other"
)

// Calls are all names, in the order in which a display lists them.
func Calls() []string {
	return []string{CallOpen, CallScan, CallEdit, CallDiscount, CallPay, CallFinalize, CallSuspend, CallResume, CallVoid, CallApprove, CallSignIn, CallSignOut, CallOther}
}

// callName is the name of a request.
func callName(r request) string {
	parts := strings.Split(strings.TrimPrefix(r.path, "/v1/"), "/")
	switch last := parts[len(parts)-1]; {
	case parts[0] == "sessions" && r.method == http.MethodPost:
		return CallSignIn
	case parts[0] == "sessions":
		return CallSignOut
	case parts[0] == "approvals":
		return CallApprove
	case parts[0] == "payments":
		return CallPay
	case parts[0] != "transactions":
		return CallOther
	case len(parts) == 1:
		return CallOpen
	case last == "items":
		return CallScan
	case last == "discount" || last == "price":
		return CallDiscount
	case last == "payments":
		return CallPay
	case len(parts) > 3:
		return CallEdit
	case last == CallFinalize || last == CallSuspend || last == CallResume || last == CallVoid:
		return last
	}
	return CallOther
}
