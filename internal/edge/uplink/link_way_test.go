package uplink

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// webHQ is an HQ over HTTP: what it answers to a watermark's question and to a batch.
func webHQ(t *testing.T, sync, events http.HandlerFunc) *HTTPWay {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/sync") {
			sync(w, r)
			return
		}
		events(w, r)
	}))
	t.Cleanup(server.Close)
	link, err := NewHTTPLink(server.URL, "S1", "secret", 5*time.Second)
	require.NoError(t, err)
	t.Cleanup(link.Close)
	return NewHTTPWay(link)
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

var at7 = says(http.StatusOK, `{"store_id":"S1","epoch":3,"received_upto":7,"chain_hash":"`+wire.Hash{7}.String()+`","quarantined":0}`)

func TestHTTPWayOpensWithHQsWatermark(t *testing.T) {
	t.Parallel()
	way := webHQ(t, at7, says(http.StatusOK, `{"accepted":1,"received_upto":8,"chain_hash":"`+wire.Hash{8}.String()+`","retry_after_ms":40}`))
	require.Equal(t, wire.HTTP, way.Protocol())
	s, welcome, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
	require.NoError(t, err)
	defer s.Close()
	require.Equal(t, &wire.Welcome{Epoch: 3}, welcome.Welcome)
	require.EqualValues(t, 7, welcome.ReceivedUpto)
	require.Equal(t, wire.Hash{7}, welcome.ChainHash)
	require.Equal(t, 1, welcome.Credit)

	require.NoError(t, s.Send(t.Context(), &wire.Batch{StoreID: "S1", FirstID: 8}))
	require.NoError(t, s.Ask(t.Context(), 8, true))
	a, err := s.Receive(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 8, a.FirstID)
	require.EqualValues(t, 8, a.ReceivedUpto)
	require.EqualValues(t, 40, a.RetryAfterMS)
	require.Equal(t, 1, a.Credit)
	a, err = s.Receive(t.Context())
	require.NoError(t, err)
	require.Zero(t, a.FirstID, "the question's answer comes behind the batch's")
	require.EqualValues(t, 7, a.ReceivedUpto)
	require.Nil(t, a.Welcome)
}

func TestHTTPWayDoesNotOpenWithoutHQ(t *testing.T) {
	t.Parallel()
	way := webHQ(t, says(http.StatusUnauthorized, `{"code":"token_invalid"}`), at7)
	_, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
	require.Equal(t, "token_invalid", fault.CodeOf(err))
}

// A refusal ends the conversation; it is told once more to whoever asks again.
func TestHTTPWayEndsWithARefusal(t *testing.T) {
	t.Parallel()
	way := webHQ(t, at7, says(http.StatusConflict, `{"code":"fork","field":"f","hint":"h","at_id":7,"expected_id":8,"received_upto":9,"epoch":2,"chain_hash":"`+wire.Hash{1}.String()+`"}`))
	s, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), &wire.Batch{StoreID: "S1", FirstID: 8}))
	for range 2 {
		_, err = s.Receive(t.Context())
		require.Equal(t, wire.CodeFork, fault.CodeOf(err))
	}
	require.Equal(t, map[string]any{"at_id": int64(7), "expected_id": int64(8), "received_upto": int64(9), "epoch": int64(2), "chain_hash": wire.Hash{1}}, fault.As(err).Details)
	require.Equal(t, []string{"f", "h"}, []string{fault.As(err).Field, fault.As(err).Hint})
	err = s.Send(t.Context(), &wire.Batch{StoreID: "S1", FirstID: 8})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// Closing cancels what is under way, and whoever waits for it hears of it.
func TestHTTPWayCloses(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	way := webHQ(t, at7, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // then net/http looks whether the client is still there
		close(reached)
		<-r.Context().Done()
	})
	s, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
	require.NoError(t, err)
	require.NoError(t, s.Send(t.Context(), &wire.Batch{StoreID: "S1", FirstID: 8}))
	heard := make(chan error, 1)
	go func() {
		_, err := s.Receive(context.Background())
		heard <- err
	}()
	<-reached
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Close()
	s.Close()
	require.Equal(t, "hq_unreachable", fault.CodeOf(<-heard))
	require.Error(t, s.Ask(ctx, 0, false))
}
