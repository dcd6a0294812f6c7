package uplink

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// Ready asks HQ whether it can take events now. It sends no token: whoever
// listens on the line learns nothing from a question that is asked every second.
// An error is a fault, of whatever kind; hq_answer_unreadable means that somebody
// else answered, such as the page of a Wi-Fi that wants to be paid.
func (l *HTTPLink) Ready(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/ready", http.NoBody)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "request_unwritable", "the request to HQ cannot be made")
	}
	res, err := l.probes.Do(req)
	if err != nil {
		return unreachable(err, "HQ_URL", "HQ does not answer")
	}
	defer func() { _ = res.Body.Close() }() // read-only
	const enough = 64 << 10
	answer, err := io.ReadAll(io.LimitReader(res.Body, enough))
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "hq_unreachable", "HQ's answer broke off")
	}
	if res.StatusCode != http.StatusOK {
		return refusal(res.StatusCode, answer)
	}
	var said struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.Status != "ready" {
		return fault.Wrap(err, fault.Unavailable, "hq_answer_unreadable", "somebody else than HQ answers").
			Advise("is HQ_URL the address of an hq-platform?")
	}
	return nil
}

// Heartbeat tells HQ where the store's log ends and what time it is here. An HQ
// that has no such call answers with a fault of kind NotFound.
func (l *HTTPLink) Heartbeat(ctx context.Context, beat wire.Heartbeat) (wire.HeartbeatAnswer, error) {
	body, err := json.Marshal(beat)
	if err != nil {
		return wire.HeartbeatAnswer{}, fault.Wrap(err, fault.Internal, "heartbeat_unwritable", "the heartbeat cannot be encoded")
	}
	var answer wire.HeartbeatAnswer
	err = l.exchange(ctx, http.MethodPost, "/v1/stores/"+url.PathEscape(l.storeID)+"/heartbeat", body, &answer)
	if err == nil && answer.Now.IsZero() {
		err = fault.New(fault.Unavailable, "hq_answer_unreadable", "HQ's answer says no time")
	}
	return answer, err
}

// asIs hands a redirect on as it is: HQ sends none, and following one would end
// at somebody else.
func asIs(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
