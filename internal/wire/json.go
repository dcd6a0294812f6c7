package wire

import (
	"io"

	"github.com/go-json-experiment/json"

	"tiem/internal/fault"
)

// EncodeBatch is the body of POST /v1/ingestion/events.
func EncodeBatch(b *Batch) ([]byte, error) { return json.Marshal(b) }

// DecodeBatch reads such a body strictly: no duplicate or unknown names, exact
// case, valid UTF-8, nothing behind the value. Bytes that cannot be read are a
// fault of kind Malformed with code batch_invalid; Validate is the caller's next
// step. The reader should be limited to MaxBatchBytes.
func DecodeBatch(r io.Reader) (*Batch, error) {
	var b Batch
	if err := json.UnmarshalRead(r, &b, json.RejectUnknownMembers(true)); err != nil {
		if fault.KindOf(err) == fault.TooLarge {
			return nil, err
		}
		return nil, fault.Wrap(err, fault.Malformed, CodeBatchInvalid, "the body is not a batch in JSON").
			Advise("see docs/sync-protocol.md; nothing of it was stored")
	}
	return &b, nil
}

// EncodePayload is a payload's bytes as they are hashed, stored and sent.
func EncodePayload(payload any) (string, error) {
	b, err := json.Marshal(payload, json.Deterministic(true))
	return string(b), err
}

// DecodePayload reads a payload into one of this package's payload types.
// Unknown members are ignored, because fields are only ever added and an older
// HQ must still accept a newer shop's sales.
func DecodePayload(payload string, into any) error {
	if err := json.Unmarshal([]byte(payload), into); err != nil {
		return fault.Wrap(err, fault.Invalid, "payload_invalid", "the payload cannot be read as its type says")
	}
	return nil
}
