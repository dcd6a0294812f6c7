package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"github.com/gofrs/uuid/v5"

	"tiem/internal/door"
	"tiem/internal/edge/checkout"
	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/payment"
	"tiem/internal/sale"
)

func (a *api) registerPayments(d *door.Door) {
	tags := []string{"Payments"}
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "add-payment", Method: http.MethodPost, Path: "/v1/transactions/{id}/payments", Tags: tags, DefaultStatus: http.StatusCreated,
		Summary: "Take a payment",
		Description: "CASH is CAPTURED at once; `tendered` is what the customer gave. A QR starts PENDING and carries `qr_payload` and `expires_at`. " +
			"422 `amount_exceeds_due`, `tendered_too_small`, `method_unavailable`, `too_many_payments`.",
	}), a.addPayment)
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "get-payment", Method: http.MethodGet, Path: "/v1/payments/{id}", Tags: tags, Summary: "A payment",
	}), a.getPayment)
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "cancel-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/cancel", Tags: tags,
		Summary: "Take a payment back",
		Description: "PENDING, or cash of an unpaid basket. Cash that another cashier took, in a basket that somebody else opened, takes the permission " +
			"`void_others`, or somebody's approval (`X-Approval`): 403 `permission_needed`. 409 `payment_not_cancellable`.",
	}), a.cancelPayment)
	if a.Demo {
		door.Register(d, a.forTills(huma.Operation{
			OperationID: "simulate-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/simulate", Tags: tags,
			Summary: "Settle a payment of the provider fake", Description: "Demo only (EDGE_DEMO): what a customer's phone would have done.",
		}), a.simulatePayment)
	}
	d.Router().Get(qrPath, a.serveQR)
	d.API().OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get-payment-qr", Method: http.MethodGet, Path: qrPath, Tags: tags,
		Summary: "A payment's QR code as a picture", Security: []map[string][]string{{terminalScheme: {}}},
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Description: "the payment's id", Schema: &huma.Schema{Type: "string", Format: "uuid"}}},
		Responses:  map[string]*huma.Response{"200": {Description: "PNG", Content: map[string]*huma.MediaType{"image/png": {}}}},
	})
}

const qrPath = "/v1/payments/{id}/qr.png"

type addPaymentInput struct {
	ChangeInput
	Body struct {
		ID       *uuid.UUID   `json:"id,omitempty" format:"uuid" doc:"the client's own id, best a UUIDv7"`
		Method   sale.Method  `json:"method" enum:"CASH,QR,CARD,VOUCHER"`
		Amount   money.Amount `json:"amount" doc:"what it applies to the transaction, minor units: 1 to what is due" example:"6000" minimum:"1"`
		Tendered money.Amount `json:"tendered,omitempty" doc:"CASH: what the customer gave; absent: amount" minimum:"1"`
		Provider string       `json:"provider,omitempty" doc:"QR: who collects; absent: the only one there is" maxLength:"20"`
	}
}

type paymentOutput struct {
	Status int
	Body   sale.Payment
}

func (a *api) addPayment(ctx context.Context, in *addPaymentInput) (*paymentOutput, error) {
	tender := sale.Tender{Method: in.Body.Method, Provider: in.Body.Provider, Amount: in.Body.Amount, Tendered: in.Body.Tendered}
	if in.Body.ID != nil {
		if in.Body.ID.IsNil() {
			return nil, fault.New(fault.Invalid, "id_invalid", "the nil UUID is no id").At("id")
		}
		tender.ID = *in.Body.ID
	}
	return paymentAnswer(a.Desk.Pay(ctx, callerOf(ctx), in.ID, tender))
}

// PaymentInput names a payment.
type PaymentInput struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"the payment's id"`
}

func (a *api) getPayment(ctx context.Context, in *PaymentInput) (*paymentOutput, error) {
	p, err := a.Desk.Payment(ctx, in.ID)
	return &paymentOutput{Status: http.StatusOK, Body: p}, err
}

// ChangePaymentInput is a change of a payment.
type ChangePaymentInput struct {
	Mutating
	PaymentInput
}

type cancelPaymentInput struct {
	ChangePaymentInput
	Approvable
}

func (a *api) cancelPayment(ctx context.Context, in *cancelPaymentInput) (*paymentOutput, error) {
	return paymentAnswer(a.Desk.CancelPayment(ctx, callerOf(ctx), in.ID))
}

type simulateInput struct {
	ChangePaymentInput
	Body struct {
		Outcome sale.PaymentStatus `json:"outcome" enum:"CAPTURED,FAILED,EXPIRED,UNKNOWN"`
	}
}

func (a *api) simulatePayment(ctx context.Context, in *simulateInput) (*paymentOutput, error) {
	return paymentAnswer(a.Desk.Simulate(ctx, callerOf(ctx), in.ID, in.Body.Outcome))
}

func paymentAnswer(reply checkout.PaymentReply, err error) (*paymentOutput, error) {
	if err != nil {
		return nil, err
	}
	return &paymentOutput{Status: reply.Status, Body: reply.Body}, nil
}

// serveQR draws the payment's QR code. It is a raw route because it answers
// with an image.
func (a *api) serveQR(w http.ResponseWriter, r *http.Request) {
	image, err := a.qr(r)
	if err != nil {
		door.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Content-Length", strconv.Itoa(len(image)))
	w.Header().Set("Cache-Control", "private, no-store")
	_, _ = w.Write(image) // the client went away: nobody to tell
}

func (a *api) qr(r *http.Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if _, err := a.Terminals.ByToken(ctx, door.Bearer(r)); err != nil {
		return nil, err
	}
	id, err := uuid.FromString(chi.URLParam(r, "id"))
	if err != nil {
		return nil, fault.New(fault.NotFound, "payment_not_found", "there is no such payment").At("id")
	}
	p, err := a.Desk.Payment(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.QRPayload == "" {
		return nil, fault.New(fault.NotFound, "qr_not_found", "this payment has no QR code")
	}
	return payment.QRPNG(p.QRPayload)
}
