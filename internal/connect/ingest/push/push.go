package push

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// Door is where one request's values go: what its credential opens.
type Door struct {
	// Binder of the source. The same source gives the same (comparable) Binder each time, as slots are remembered by it.
	Binder intake.Binder
	// Put is intake.Intake.Put of the source.
	Put func(ctx context.Context, m *intake.Message, done func(error)) error
	// Config of the source, from ParseConfig.
	Config Config
	// Device is the only one that the credential may speak for, "" for any. It is meant where a request tells none.
	Device string
}

// Options of a Handler. Source is required.
type Options struct {
	// Source finds the door that the request's credential opens (Credential reads it). Its error is answered with
	// WriteProblem where that is set and the format has no shape of its own; ErrCredential is worded here.
	Source func(r *http.Request) (Door, error)
	Now    func() time.Time // default time.Now
	Logger *slog.Logger
	// WriteProblem answers with a problem whose words are not this room's; nil: with its code alone.
	WriteProblem func(w http.ResponseWriter, r *http.Request, err error)

	MaxBody    int64 // bytes of a body as it comes, default 32 MiB
	MaxDecoded int64 // bytes of a body without its compression, default 128 MiB
	MaxMemory  int64 // bytes of the bodies of all requests at once, default twice MaxBody and MaxDecoded together
	CacheBytes int   // of what is remembered of series, about; default 64 MiB
}

// Handler takes pushed values.
type Handler struct {
	o      Options
	mux    *http.ServeMux
	budget budget
	cache  *cache
	works  sync.Pool // of *work
}

// work is the memory of one request.
type work struct {
	rows    rows.Batch
	message intake.Message
	groups  []*group
	series  []*series
}

// New makes a handler of the paths under /push.
func New(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 32 << 20
	}
	if o.MaxDecoded <= 0 {
		o.MaxDecoded = 128 << 20
	}
	o.MaxDecoded = min(o.MaxDecoded, rows.MaxBody)
	if o.MaxMemory <= 0 {
		o.MaxMemory = 2 * (o.MaxBody + o.MaxDecoded)
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 64 << 20
	}
	h := &Handler{o: o, mux: http.NewServeMux(), cache: newCache(o.CacheBytes)}
	h.budget.left.Store(o.MaxMemory)
	h.works.New = func() any { return &work{} }
	for _, f := range formats {
		h.mux.HandleFunc(f.path, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, f) })
	}
	// Clients of InfluxDB ask whether anybody is there before they send.
	h.mux.HandleFunc("GET /push/ping", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Credential reads the id and the secret that a request carries: "Authorization: Bearer id:secret" (or Token), Basic, or
// the parameters u and p of InfluxDB 1.
func Credential(r *http.Request) (id, secret string, ok bool) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(scheme) {
	case "basic":
		both, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return "", "", false
		}
		id, secret, ok = strings.Cut(string(both), ":")
	case "bearer", "token":
		id, secret, ok = strings.Cut(rest, ":")
	case "":
		q := r.URL.Query()
		id, secret = q.Get("u"), q.Get("p")
		ok = true
	}
	return id, secret, ok && id != "" && secret != ""
}

// serve takes one request.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, f *format) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.fail(w, r, f, ErrMethod.At("method", r.Method), nil)
		return
	}
	door, err := h.o.Source(r)
	if err != nil {
		h.fail(w, r, f, err, nil)
		return
	}
	n, faults, err := h.take(w, r, f, &door)
	if err != nil {
		h.trouble(&door, err)
		h.fail(w, r, f, err, faults)
		return
	}
	f.done(w, r, n)
}

// take judges a request and stores it, whole or not at all. It returns when that is durable.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, f *format, door *Door) (n int, faults []rows.Fault, err error) {
	memory := h.cache.door(door, f)
	decode, err := f.open(r, memory.plan)
	if err != nil {
		return 0, nil, err
	}
	s := &share{of: &h.budget}
	defer s.free()
	k := h.works.Get().(*work)
	defer h.give(k)
	if err := h.decode(w, r, f, s, &k.rows, decode); err != nil {
		return 0, nil, err
	}
	j := judgement{door: door, memory: memory, cache: h.cache, b: &k.rows, groups: k.groups, series: k.series}
	defer func() { k.groups, k.series = j.groups, j.series }()
	j.naming, j.keys = memory.plan.naming(f)
	generation := door.Binder.Generation()
	j.resolve(generation)
	if k.rows.Wrong == 0 {
		if err := j.bind(r.Context()); err != nil {
			return 0, nil, h.busy(r, err, busyBinder)
		}
		j.remember(generation)
	}
	j.check(k.rows.Wrong == 0)
	if faults, count := j.faults(); count > 0 {
		return 0, faults, h.refused(&k.rows, faults, count)
	}
	k.message.Reset()
	j.fill(&k.message, h.o.Now().UnixNano())
	n = k.message.Len()
	if n == 0 {
		return 0, nil, nil
	}
	done := make(chan error, 1)
	if err = door.Put(r.Context(), &k.message, func(err error) { done <- err }); err == nil {
		k.rows.Release() // the rows are the intake's now; the body is garbage
		s.free()
		err = <-done
	}
	if err != nil {
		return 0, nil, h.unstored(r, &k.rows, err)
	}
	return n, nil, nil
}

// decode reads the body and what it tells.
func (h *Handler) decode(w http.ResponseWriter, r *http.Request, f *format, s *share, b *rows.Batch, decode func(*rows.Batch, []byte)) error {
	body, err := h.body(w, r, f, s)
	if err != nil {
		return err
	}
	b.Reset(body)
	decode(b, body)
	switch {
	case b.Full:
		return ErrRows.With("limit", rows.MaxRows)
	case b.Long:
		return ErrTexts.With("limit", rows.MaxTexts>>20)
	}
	return nil
}

// give takes back the memory of a request, but for what only an unusual one needs.
func (h *Handler) give(k *work) {
	if k.rows.Size() > 8<<20 {
		return
	}
	clear(k.groups[:cap(k.groups)])
	clear(k.series[:cap(k.series)])
	k.message.Reset()
	k.rows.Reset(nil)
	h.works.Put(k)
}

// refused lists what is wrong with a request.
func (h *Handler) refused(b *rows.Batch, faults []rows.Fault, count int) error {
	e := ErrRefused.With("count", count).With("listed", len(faults))
	for i := range faults {
		e.Join(b.Error(&faults[i]))
	}
	return e
}

// unstored says why the store did not take the rows: what is wrong with them is the sender's fault, anything else is the
// node's and comes again.
func (h *Handler) unstored(r *http.Request, b *rows.Batch, err error) error {
	var bad *telemetry.BatchError
	switch {
	case errors.As(err, &bad):
		f := rows.Fault{Kind: rows.ErrValue, Value: bad.Value, With: map[string]any{"reason": bad.Reason}}
		if bad.Row >= 0 && bad.Row < len(b.Rows) {
			f.Place, f.Sub = b.Rows[bad.Row].Place, b.Rows[bad.Row].Sub
		}
		return ErrRefused.With("count", 1).With("listed", 1).Join(b.Error(&f)).Because(err)
	case errors.Is(err, log.ErrTooLarge):
		return ErrTexts.With("limit", rows.MaxTexts>>20).Because(err)
	}
	return h.busy(r, err, busyStore)
}

// busy is a fault of the node: the sender is asked to come again.
func (h *Handler) busy(r *http.Request, err error, reason any) error {
	if r.Context().Err() == nil {
		h.o.Logger.WarnContext(r.Context(), "pushed values could not be taken", "error", err)
	}
	return ErrBusy.With("reason", reason).Because(err).Header("Retry-After", "5")
}

// fail answers with a problem. It does so where the sender seems to have gone, too: one that has only closed its half of
// the connection must not read the 200 of a handler that said nothing.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, f *format, err error, faults []rows.Fault) {
	p, ok := problem.From(err)
	if !ok {
		p = ErrBusy.With("reason", busyBinder).Because(err).Header("Retry-After", "5")
		if r.Context().Err() == nil {
			h.o.Logger.WarnContext(r.Context(), "a push could not be let in", "error", err)
		}
	}
	if p.GetStatus() == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="jingwei", charset="UTF-8"`)
	}
	if len(words.Missing(p.Kind())) > 0 && h.o.WriteProblem != nil {
		h.o.WriteProblem(w, r, p)
		return
	}
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Cache-Control", "no-store")
	f.failed(w, r, words.Document(p, problem.ParseAcceptLanguage(r.Header.Get("Accept-Language"))), faults)
}

// trouble tells the source's page what was refused.
func (h *Handler) trouble(door *Door, err error) {
	p, ok := problem.From(err)
	if !ok || p.GetStatus() >= 500 {
		return
	}
	zh, en := words.Document(p, problem.Chinese), words.Document(p, problem.English)
	t := intake.Trouble{Code: p.Kind().Code(), Where: p.Location(), Zh: zh.Detail, En: en.Detail}
	if len(en.Errors) > 0 {
		e := en.Errors[0]
		t.Where = e.Location
		if s, text := e.Value.(string); text {
			t.Value = s
		}
		if p.Location() == "" {
			t.Code = e.Code
			t.Zh += " " + zh.Errors[0].Message
			t.En += " " + e.Message
		}
	}
	door.Binder.Trouble(door.Device, t)
}
