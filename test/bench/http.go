package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// httpSide is finalize calls against the edge's HTTP server, on a loopback port
// of its own.
func (c *counter) httpSide(clients, n int) side {
	var lines []*line
	s := c.side(0, clients, n, func(_ context.Context, client int, b *basket) error {
		status, body, err := lines[client].post(call{path: "/v1/transactions/" + b.id.String() + "/finalize", token: c.ours.tokens[client], session: c.ours.sessions[client],
			key: b.payment.String()})
		if err == nil && (status != http.StatusOK || !bytes.Contains(body, []byte(`"status":"PAID"`))) {
			err = fmt.Errorf("%d: %s", status, body)
		}
		return err
	})
	prepare := s.prepare
	s.prepare = func(ctx context.Context, round int) error {
		if err := prepare(ctx, round); err != nil {
			return err
		}
		for len(lines) < clients {
			l, err := dial(ctx, c.address)
			if err != nil {
				return err
			}
			lines = append(lines, l)
		}
		return nil
	}
	return s
}

// serve runs the edge's HTTP server until close is called.
func (c *counter) serve(ctx context.Context) (closer func() error, err error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c.address = ln.Addr().String()
	server := &http.Server{Handler: c.ours.app.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(ln) }() // ends with Close
	return server.Close, nil
}

// line is the load generator: one connection, one call at a time, no more of
// HTTP/1.1 than the answers need, because on two cores net/http's client would
// cost as much as the server that is measured.
type line struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(ctx context.Context, addr string) (*line, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &line{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// call is one request of a till.
type call struct{ path, token, session, key, body string }

// post sends a call and returns the answer.
func (l *line) post(c call) (int, []byte, error) {
	more := ""
	if c.session != "" {
		more += "X-Session: " + c.session + "\r\n"
	}
	if c.key != "" {
		more += "Idempotency-Key: " + c.key + "\r\n"
	}
	if c.body != "" {
		more += "Content-Type: application/json\r\n"
	}
	_, err := fmt.Fprintf(l.conn, "POST %s HTTP/1.1\r\nHost: till\r\nAuthorization: Bearer %s\r\n%sContent-Length: %d\r\n\r\n%s", c.path, c.token, more, len(c.body), c.body)
	if err != nil {
		return 0, nil, err
	}
	head, err := l.in.ReadString('\n')
	if err != nil {
		return 0, nil, err
	}
	status, length := 0, -1
	if _, err := fmt.Sscanf(head, "HTTP/1.1 %d", &status); err != nil {
		return 0, nil, err
	}
	for {
		field, err := l.in.ReadString('\n')
		if err != nil {
			return 0, nil, err
		}
		name, value, ok := strings.Cut(strings.TrimSpace(field), ":")
		if !ok {
			break // the empty line
		}
		if strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 {
		return 0, nil, errors.New("an answer without Content-Length")
	}
	body := make([]byte, length)
	_, err = io.ReadFull(l.in, body)
	return status, body, err
}
