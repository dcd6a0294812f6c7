package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/wire"
)

const ingestionPath = "/v1/ingestion/events"

type batchInput struct {
	RawBody []byte `contentType:"application/json"`
}

type ackOutput struct {
	Body wire.Ack
}

func (a *api) registerIngestion(d *door.Door) {
	door.Register(d, a.forStores(huma.Operation{
		OperationID: "post-events", Method: http.MethodPost, Path: ingestionPath, Tags: []string{"Sync"},
		Summary: "Take a store's next events",
		Description: "A run of consecutive events of one store, at most 500 and 4 MiB. Answered after commit; `received_upto` and `chain_hash` say where to go on, `retry_after_ms` when: many stores with a backlog take turns. " +
			"Checked in this order: token, ids and fields (422 `batch_invalid`), epoch (409 `fenced`), 409 `gap` with `expected_id` and `chain_hash`, " +
			"422 `hash_mismatch`, 409 `fork`, 409 `event_id_reused`. What is refused leaves no trace. " +
			"An event under `errors` is stored, too, and set aside at HQ: it is not to be sent again.",
		// The wire package reads batches, once and strictly, for every transport.
		SkipValidateBody: true,
	}), a.postEvents)

	document := d.API().OpenAPI()
	body := document.Paths[ingestionPath].Post.RequestBody
	body.Content["application/json"].Schema = document.Components.Schemas.Schema(reflect.TypeFor[wire.Batch](), true, "Batch")
}

func (a *api) postEvents(ctx context.Context, in *batchInput) (*ackOutput, error) {
	ack, err := a.Intake.AcceptBytes(ctx, callerOf(ctx).storeID, len(in.RawBody), func() (*wire.Batch, error) {
		batch, err := wire.DecodeBatch(bytes.NewReader(in.RawBody))
		if err != nil {
			return nil, err
		}
		return batch, callerOf(ctx).may(batch.StoreID)
	})
	if err != nil {
		return nil, err
	}
	return &ackOutput{Body: ack}, nil
}
