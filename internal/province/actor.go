package province

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// Node is the node on which the province is made.
type Node interface {
	// Handler serves the API.
	Handler() http.Handler
	// Home is the organisation that runs the node.
	Home(ctx context.Context) (uuid.UUID, error)
	// As is a context in which a person acts.
	As(ctx context.Context, login string) (context.Context, error)
	// Org finds an organisation by its credit code.
	Org(ctx context.Context, code string) (uuid.UUID, bool, error)
	// Found makes an organisation, or finds the one of the code.
	Found(ctx context.Context, name text.Text, code string) (uuid.UUID, error)
	// Person makes somebody with a role in an organisation, or in none where it is zero, unless they are there.
	Person(ctx context.Context, login, name string, org uuid.UUID, role string) error
	// Show makes the demo's administrator an owner of an organisation.
	Show(ctx context.Context, org uuid.UUID) error
}

// object is a body, or a part of one.
type object = map[string]any

// Refused is an answer of the node that is not the one that was expected.
type Refused struct {
	Act    string
	Status int
	Answer string
}

func (e *Refused) Error() string { return fmt.Sprintf("%s: %d %.500s", e.Act, e.Status, e.Answer) }

// actor acts over the API, as the console of somebody does.
type actor struct {
	f     *filler
	login string
}

func (f *filler) as(login string) *actor { return &actor{f, login} }

// send makes one request and decodes the answer into out, unless it is nil.
func (a *actor) send(ctx context.Context, method, path, media, body string, out any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mine, err := a.f.node.As(ctx, a.login)
	if err != nil {
		return fmt.Errorf("act as %s: %w", a.login, err)
	}
	r, err := http.NewRequestWithContext(mine, method, "http://127.0.0.1/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.RemoteAddr, r.RequestURI = "127.0.0.1:0", r.URL.RequestURI()
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", "zh")
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	w := &answer{header: http.Header{}, status: http.StatusOK}
	a.f.node.Handler().ServeHTTP(w, r)
	if w.status/100 != 2 {
		return &Refused{a.login + " " + method + " " + path, w.status, w.body.String()}
	}
	if out == nil || w.body.Len() == 0 {
		return nil
	}
	if err := json.Unmarshal(w.body.Bytes(), out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// answer keeps what a handler answers.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *actor) get(ctx context.Context, path string, out any) error {
	return a.send(ctx, http.MethodGet, path, "", "", out)
}

// do sends a body as JSON.
func (a *actor) do(ctx context.Context, method, path string, body, out any) error {
	if body == nil {
		return a.send(ctx, method, path, "", "", out)
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return a.send(ctx, method, path, "application/json", string(b), out)
}

func (a *actor) post(ctx context.Context, path string, body, out any) error {
	return a.do(ctx, http.MethodPost, path, body, out)
}

// hand hands a paper in: path ends with its query.
func (a *actor) hand(ctx context.Context, path, name string, data []byte, out any) error {
	return a.send(ctx, http.MethodPost, path+"&name="+url.QueryEscape(name), "application/octet-stream", string(data), out)
}

// find is the first of a list that fits.
func find[T any](list []T, fits func(*T) bool) *T {
	for i := range list {
		if fits(&list[i]) {
			return &list[i]
		}
	}
	return nil
}
