package uplink

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// HTTPLink sends batches as POST /v1/ingestion/events. Its errors are faults:
// Unavailable or Timeout if the line or HQ is down, else HQ's own refusal with its
// code and details.
type HTTPLink struct {
	base    string
	storeID string
	token   string
	timeout time.Duration // for one exchange
	client  *http.Client
	probes  *http.Client // on connections of its own: a batch on its way does not hold up a probe
}

// NewHTTPLink returns a link to the HQ at base, such as http://127.0.0.1:8090; a
// slash at its end is the same address. A base that is no http(s) URL is a fault
// of kind Config (hq_url_invalid).
func NewHTTPLink(base, storeID, token string, timeout time.Duration) (*HTTPLink, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fault.New(fault.Config, "hq_url_invalid", "is not an http(s) URL").At("HQ_URL").
			Advise("such as http://127.0.0.1:8090")
	}
	connect := func() *http.Client {
		transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // what net/http documents it to be
		// A request that timed out takes its HTTP/1 connection with it. HTTP/2 would keep the connection, and a line
		// that lost it without a word (a NAT, a router that was restarted) would stay dead for as long as TCP retransmits.
		transport.Protocols = &http.Protocols{}
		transport.Protocols.SetHTTP1(true)
		return &http.Client{Transport: transport, CheckRedirect: asIs}
	}
	return &HTTPLink{base: strings.TrimRight(u.String(), "/"), storeID: storeID, token: token, timeout: timeout, client: connect(), probes: connect()}, nil
}

// Trust takes trust's authorities for an https HQ instead of the system's; nil
// changes nothing. It is called before the link is used.
func (l *HTTPLink) Trust(trust *tls.Config) *HTTPLink {
	if trust == nil {
		return l
	}
	for _, client := range []*http.Client{l.client, l.probes} {
		client.Transport.(*http.Transport).TLSClientConfig = trust.Clone() //nolint:forcetypeassert // NewHTTPLink made it
	}
	return l
}

// Close gives idle connections back.
func (l *HTTPLink) Close() {
	l.client.CloseIdleConnections()
	l.probes.CloseIdleConnections()
}

// Send delivers a batch; the Ack comes after HQ has committed it.
func (l *HTTPLink) Send(ctx context.Context, batch *wire.Batch) (wire.Ack, error) {
	body, err := wire.EncodeBatch(batch)
	if err != nil {
		return wire.Ack{}, fault.Wrap(err, fault.Internal, "batch_unwritable", "the batch cannot be encoded")
	}
	if len(body) > wire.MaxBatchBytes {
		return wire.Ack{}, fault.New(fault.TooLarge, "batch_too_large", "the batch is over 4 MiB")
	}
	var ack wire.Ack
	return ack, l.exchange(ctx, http.MethodPost, "/v1/ingestion/events", body, &ack)
}

// Sync asks how far HQ has this store's log.
func (l *HTTPLink) Sync(ctx context.Context) (wire.StoreSync, error) {
	var sync wire.StoreSync
	err := l.exchange(ctx, http.MethodGet, "/v1/stores/"+url.PathEscape(l.storeID)+"/sync", nil, &sync)
	if err == nil && sync.StoreID != l.storeID {
		err = fault.New(fault.Unavailable, "hq_answer_unreadable", "HQ's answer is about store %.16q", sync.StoreID).
			Advise("is HQ_URL the address of an hq-platform?")
	}
	return sync, err
}

func (l *HTTPLink) exchange(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, l.base+path, bytes.NewReader(body))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "request_unwritable", "the request to HQ cannot be made")
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := l.client.Do(req)
	if err != nil {
		return unreachable(err, "HQ_URL", "HQ does not answer")
	}
	defer func() { _ = res.Body.Close() }() // read-only
	const enough = 8 << 20
	answer, err := io.ReadAll(io.LimitReader(res.Body, enough))
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "hq_unreachable", "HQ's answer broke off")
	}
	if res.StatusCode != http.StatusOK {
		return refusal(res.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fault.Wrap(err, fault.Unavailable, "hq_answer_unreadable", "HQ's answer cannot be read").
			Advise("is HQ_URL the address of an hq-platform?")
	}
	return nil
}

// refusal turns HQ's problem document into a fault. Something that is no problem
// document comes from a proxy in between and is treated by its status alone.
func refusal(status int, body []byte) error {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Hint   string `json:"hint"`
		Field  string `json:"field"`

		ExpectedID   *int64     `json:"expected_id"`
		AtID         *int64     `json:"at_id"`
		ReceivedUpto *int64     `json:"received_upto"`
		Epoch        *int64     `json:"epoch"`
		ChainHash    *wire.Hash `json:"chain_hash"`
	}
	if status == http.StatusBadRequest && bytes.Contains(body, []byte("HTTP request to an HTTPS server")) { // net/http's own words
		return fault.New(fault.Unavailable, "hq_unreachable", "HQ speaks TLS").Advise("write https:// in HQ_URL; SYNC_CA is the file of the authority that vouches for HQ")
	}
	if err := json.Unmarshal(body, &problem); err != nil || problem.Code == "" {
		problem.Code, problem.Detail = "hq_refused", http.StatusText(status)
	}
	e := fault.New(kindOf(status), problem.Code, "HQ answered %d: %s", status, problem.Detail)
	e.Hint, e.Field = problem.Hint, problem.Field
	for key, id := range map[string]*int64{"expected_id": problem.ExpectedID, "at_id": problem.AtID, "received_upto": problem.ReceivedUpto, "epoch": problem.Epoch} {
		if id != nil {
			e = e.With(key, *id)
		}
	}
	if problem.ChainHash != nil {
		e = e.With("chain_hash", *problem.ChainHash)
	}
	return e
}

func kindOf(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized:
		return fault.Unauthorized
	case http.StatusForbidden:
		return fault.Forbidden
	case http.StatusConflict:
		return fault.Conflict
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType:
		return fault.NotFound // no HQ at this address, or none that knows this store
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fault.Invalid
	default: // 5xx, 408, 429, a proxy's own: the same batch may do better later
		return fault.Unavailable
	}
}
