package region

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Client speaks to one node as the holder of a token, or as somebody who is signed in.
type Client struct {
	Base   string // address of the node, such as http://127.0.0.1:8481
	Token  string
	person *http.Client // who is signed in, in the place of a token
}

// Refused is an answer of a node that is not the one that was expected.
type Refused struct {
	Act    string
	Status int
	Answer string
}

func (e *Refused) Error() string { return fmt.Sprintf("%s: %d %.600s", e.Act, e.Status, e.Answer) }

// object is a body, or a part of one.
type object = map[string]any

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 20

// caller waits long: an import of a file of thousands of rows is one request.
var caller = &http.Client{Timeout: 2 * time.Minute}

// send makes one request with a body of a media type and decodes the answer into out, unless it is nil.
func (c *Client) send(ctx context.Context, method, path, media string, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	by := c.person
	if by == nil {
		by = caller
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	r.Header.Set("Accept-Language", "zh")
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	res, err := by.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode/100 != 2 {
		return &Refused{method + " " + path, res.StatusCode, string(answer)}
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

const api = "/api/v1"

func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.send(ctx, http.MethodGet, api+path, "", nil, out)
}

// do sends a body as JSON; nil for none.
func (c *Client) do(ctx context.Context, method, path string, body, out any) error {
	if body == nil {
		return c.send(ctx, method, api+path, "", nil, out)
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.send(ctx, method, api+path, "application/json", b, out)
}

func (c *Client) post(ctx context.Context, path string, body, out any) error {
	return c.do(ctx, http.MethodPost, path, body, out)
}

// file hands a file in.
func (c *Client) file(ctx context.Context, path string, data []byte, out any) error {
	return c.send(ctx, http.MethodPost, api+path, "application/octet-stream", data, out)
}

// made is what answers that something was made.
type made struct {
	ID string `json:"id"`
}
