package door

import (
	"context"
	"net/http"

	"tiem/internal/fault"
)

// serveHealth says that the process lives; it asks nobody.
func serveHealth(w http.ResponseWriter, _ *http.Request) { writeStatus(w, "ok") }

// serveReady asks Config.Ready. Its changes are logged, not its answers: it is
// asked every second.
func (d *Door) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	err := d.cfg.Ready(ctx)
	if err == nil {
		if d.notReady.Swap("") != "" {
			d.cfg.Logger.InfoContext(ctx, "ready again")
		}
		writeStatus(w, "ready")
		return
	}
	f := notReadyFault(err)
	if r.Context().Err() == nil && d.notReady.Swap(f.Code) != f.Code {
		d.cfg.Logger.WarnContext(ctx, "not ready", "code", f.Code, "error", f.Error(), "request_id", RequestID(ctx))
	}
	WriteProblem(w, r, f)
}

// notReadyFault is err as a fault of kind Unavailable: whatever is wrong, "not
// ready" is 503.
func notReadyFault(err error) *fault.Error {
	f := fault.As(err)
	if f == nil {
		return fault.Wrap(err, fault.Unavailable, "not_ready", "not ready yet").Advise("try again in a moment")
	}
	unavailable := *f
	unavailable.Kind = fault.Unavailable
	return &unavailable
}

func writeStatus(w http.ResponseWriter, status string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status":"` + status + `"}`))
}
