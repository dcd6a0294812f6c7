package catalog

import (
	"errors"
	"io"
)

var (
	errTooLarge      = errors.New("the file is too large")
	errRecordTooLong = errors.New("the row does not end")
)

// cappedReader reads at most limit bytes of r, and at most recordLimit bytes
// past the end of the last whole row, so that neither a huge file nor an open
// quotation mark fills the memory. Its error stays.
type cappedReader struct {
	r                                   io.Reader
	limit, recordLimit, read, recordEnd int
	err                                 error
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	p = p[:min(len(p), c.limit+1-c.read)] // one byte past the limit tells "full" from "too much"
	n, err := c.r.Read(p)
	c.read += n
	switch {
	case c.read > c.limit:
		c.err = errTooLarge
	case c.read-c.recordEnd > c.recordLimit:
		c.err = errRecordTooLong
	case err != nil && !errors.Is(err, io.EOF):
		c.err = err
	}
	if c.err != nil {
		return n, c.err
	}
	return n, err
}
