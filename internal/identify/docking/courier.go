package docking

import (
	"context"
	"encoding/json"
	"fmt"

	"jingwei/internal/kernel/outward"
)

// Maker makes the rows of a table: of one period, or as they stand now for a table that is due at once. They are those of a prefix, and
// canonical.
type Maker func(ctx context.Context, a *Above, p Period) ([]Row, error)

// Row is the fields of a row by key, as field.Record has them.
type Row = map[string]any

// Courier brings a return to the node above.
type Courier interface {
	// Send returns when the node above has answered. taken: it is kept there. Otherwise it was refused for what answer says, and sending the
	// same again would change nothing. An error means that it may be tried again.
	Send(ctx context.Context, url string, document []byte) (taken bool, answer string, err error)
}

// MediaType is that of a return's document.
const MediaType = "application/vnd.jingwei.docking"

// HTTP brings returns to nodes that take them as this program does: POST of the document, 2xx for taken, 4xx with a problem (RFC 9457) for
// refused.
type HTTP struct{ Door *outward.Door }

// maxAnswer bounds what is kept of an answer, in characters.
const maxAnswer = 4000

// Send posts a document.
func (c HTTP) Send(ctx context.Context, url string, document []byte) (bool, string, error) {
	status, body, err := c.Door.Post(ctx, url, MediaType, document, map[string]string{"Accept": "application/json"})
	answer := string(body)
	if r := []rune(answer); len(r) > maxAnswer {
		answer = string(r[:maxAnswer])
	}
	switch {
	case err != nil:
		return false, "", outward.NoAddress(err)
	case status/100 == 2:
		return true, answer, nil
	case status == 400 || status == 403 || status == 409 || status == 413 || status == 415 || status == 422:
		if !json.Valid(body) {
			answer = fmt.Sprintf("HTTP %d", status)
		}
		return false, answer, nil
	}
	return false, "", fmt.Errorf("HTTP %d", status)
}
