package wire

import (
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tiem/internal/fault"
)

// EncodeBatch is the body of POST /v1/ingestion/events.
func EncodeBatch(b *Batch) ([]byte, error) { return json.Marshal(b) }

// DecodeBatch reads such a body strictly: no duplicate or unknown names, exact
// case, valid UTF-8, nothing behind the value. Bytes that cannot be read are a
// fault of kind Malformed with code batch_invalid; Validate is the caller's next
// step. The reader should be limited to MaxBatchBytes. Of too many events one more
// than there may be is made, by which Validate refuses the batch: 4 MiB of empty
// events would be more than a gigabyte in memory before anybody counted them.
func DecodeBatch(r io.Reader) (*Batch, error) {
	var b batchBody
	if err := json.UnmarshalRead(r, &b, json.RejectUnknownMembers(true)); err != nil {
		if fault.KindOf(err) == fault.TooLarge {
			return nil, err
		}
		return nil, fault.Wrap(err, fault.Malformed, CodeBatchInvalid, "the body is not a batch in JSON").
			Advise("see docs/sync-protocol.md; nothing of it was stored")
	}
	return &Batch{StoreID: b.StoreID, Epoch: b.Epoch, FirstID: b.FirstID, PrevHash: b.PrevHash, Events: b.Events}, nil
}

// batchBody is a Batch that is being read.
type batchBody struct {
	StoreID  string        `json:"store_id"`
	Epoch    int64         `json:"epoch"`
	FirstID  int64         `json:"first_id"`
	PrevHash Hash          `json:"prev_hash"`
	Events   countedEvents `json:"events"`
}

// countedEvents are read up to the first one too many.
type countedEvents []Event

// UnmarshalJSONFrom implements json.UnmarshalerFrom. What lies behind the first
// event too many need only be JSON.
func (c *countedEvents) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '[' {
		return json.UnmarshalDecode(dec, (*[]Event)(c)) // null, or not what it should be
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for *c = (*c)[:0]; dec.PeekKind() != ']'; {
		if len(*c) > MaxBatchEvents {
			if err := dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		*c = append(*c, Event{})
		if err := json.UnmarshalDecode(dec, &(*c)[len(*c)-1]); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
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
