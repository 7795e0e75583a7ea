package ingest

import (
	"errors"
	"net/http"

	"jingwei/internal/connect/ingest/push"
)

// Push takes what is pushed over HTTP, under /push. The credential of each request decides the source. write answers with
// a problem in the caller's language (api.Server.WriteProblem).
func (s *Service) Push(write func(w http.ResponseWriter, r *http.Request, err error)) http.Handler {
	return push.New(push.Options{Source: s.door, Now: s.o.Now, Logger: s.log, WriteProblem: write})
}

// door finds where the values of a request go. Errors: push.ErrCredential, ErrSlowDown, ErrNotPush, ErrPaused.
func (s *Service) door(r *http.Request) (push.Door, error) {
	id, secret, ok := push.Credential(r)
	if !ok {
		return push.Door{}, push.ErrCredential.With("reason", "")
	}
	st, in, err := s.verify(id, []byte(secret), r.RemoteAddr)
	if errors.Is(err, ErrCredential) {
		return push.Door{}, push.ErrCredential.With("reason", "")
	}
	if err != nil {
		return push.Door{}, err
	}
	in.mu.RLock()
	run, transport := in.run, in.src.Transport
	in.mu.RUnlock()
	if transport != HTTP {
		return push.Door{}, ErrNotPush.With("source", in.source().ID.String())
	}
	if run == nil || run.push == nil {
		return push.Door{}, ErrPaused.With("source", st.source.String()).Header("Retry-After", "5")
	}
	d := push.Door{Binder: in, Put: run.in.Put, Config: *run.push, Device: st.device}
	if st.device != "" {
		d.Binder = one{in, st.device}
	}
	return d, nil
}
