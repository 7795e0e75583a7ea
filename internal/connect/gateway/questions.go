package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
)

// maxQuestions bounds the questions that are answered at a time; one more is told to come later.
const maxQuestions = 16

// questions answers what the node asks on one connection, each question on a goroutine of its own, so that a slow
// device delays neither configuration nor other questions. A question ends when its time is over, when the node
// withdraws it, or with the connection.
type questions struct {
	o     *Options
	log   *slog.Logger
	apply *applier
	desk  *federate.Desk

	source     *source
	quarantine sync.Mutex // one release at a time

	work   sync.WaitGroup
	mu     sync.Mutex
	under  map[uint32]context.CancelFunc
	trying map[string]bool // endpoints of links that are open for a question alone
}

// end withdraws what is under way and waits for it.
func (q *questions) end() {
	q.mu.Lock()
	for _, cancel := range q.under {
		cancel()
	}
	q.mu.Unlock()
	q.work.Wait()
}

func (q *questions) withdraw(id uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if cancel := q.under[id]; cancel != nil {
		cancel()
	}
}

func (q *questions) take(ctx context.Context, m federate.Control) {
	ask, err := document.ParseAsk(m.Body)
	if err != nil {
		q.send(ctx, m.ID, &document.Answer{Refusal: &document.Refusal{Code: document.RefusedRequest, Text: driver.Text{Zh: err.Error(), En: err.Error()}}})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, ask.Time())
	q.mu.Lock()
	_, twice := q.under[m.ID]
	full := len(q.under) >= maxQuestions || twice
	if !full {
		q.under[m.ID] = cancel
	}
	q.mu.Unlock()
	if full {
		q.send(ctx, m.ID, refused(document.RefusedBusy))
		cancel()
		return
	}
	q.work.Go(func() {
		began := q.o.Now()
		answer := q.answer(ctx, ask)
		answer.TookMs = ms(q.o.Now().Sub(began))
		q.mu.Lock()
		delete(q.under, m.ID)
		q.mu.Unlock()
		withdrawn := errors.Is(ctx.Err(), context.Canceled)
		cancel()
		if withdrawn {
			return
		}
		// The time of the question is over for the device, not for telling so.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		q.send(ctx, m.ID, answer)
	})
}

func (q *questions) send(ctx context.Context, id uint32, a *document.Answer) {
	body, err := a.Encode()
	if err != nil {
		q.log.Error("an answer cannot be encoded", "error", err)
		return
	}
	if _, err := q.desk.Send(ctx, federate.Control{Kind: federate.MessageAnswer, ID: id, Body: body}); err != nil {
		q.log.Debug("an answer did not reach the node", "error", err)
	}
}

func refused(code string) *document.Answer {
	return &document.Answer{Refusal: &document.Refusal{Code: code}}
}

func (q *questions) answer(ctx context.Context, a *document.Ask) *document.Answer {
	switch a.Verb {
	case document.Read, document.Probe, document.Browse, document.Plan, document.Trace, document.Open:
	case document.Release, document.Discard:
		return q.settleQuarantine(ctx, a)
	default:
		return refused(document.RefusedVerb)
	}
	if a.Try != nil {
		return q.try(ctx, a)
	}
	r := q.apply.link(a.Link)
	if r == nil {
		return refused(document.RefusedLink)
	}
	return q.about(ctx, a, r.link, r)
}

// about asks a link. r is nil where it is not one of the configuration.
func (q *questions) about(ctx context.Context, a *document.Ask, l *driver.Link, r *runningLink) *document.Answer {
	out := &document.Answer{}
	var err error
	switch a.Verb {
	case document.Read:
		out.Samples, err = read(ctx, l, a.Points)
	case document.Probe:
		var p driver.Probe
		if p, err = l.Probe(ctx, a.Unit, a.Address); err == nil {
			out.Probe = document.ProbedOf(p)
		}
	case document.Browse:
		var nodes []driver.Node
		nodes, out.More, err = l.Browse(ctx, a.Node, a.Skip, limit(a.Limit, document.MaxNodes))
		for _, n := range nodes {
			out.Nodes = append(out.Nodes, document.NodeOf(n))
		}
	case document.Open:
		err = l.Reach(ctx)
	case document.Trace:
		out.Frames = frames(l, limit(a.Limit, document.MaxFrames))
	case document.Plan:
		out.Requests, err = plan(l, r)
	}
	q.explain(ctx, out, l.Spec().Driver, err)
	return out
}

func limit(n, most int) int {
	if n <= 0 || n > most {
		return most
	}
	return n
}

// explain says in the answer what an error means: whether the device was not asked, or what came of asking it.
func (q *questions) explain(ctx context.Context, out *document.Answer, drv driver.Driver, err error) {
	var field *driver.FieldError
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		out.Refusal = &document.Refusal{Code: document.RefusedTime}
	case ctx.Err() != nil:
		out.Refusal = &document.Refusal{Code: document.RefusedStopped}
	case errors.Is(err, driver.ErrBusy):
		out.Refusal = &document.Refusal{Code: document.RefusedBusy}
	case errors.Is(err, driver.ErrNotRunning):
		out.Refusal = &document.Refusal{Code: document.RefusedLink}
	case errors.Is(err, driver.ErrCannot):
		out.Refusal = &document.Refusal{Code: document.RefusedCannot}
	case errors.As(err, &field):
		out.Refusal = refusalOf(drv, field)
	default:
		f := driver.Explain(err)
		out.Fault = &driver.Failure{Code: f.Code, Text: f.Text, Detail: f.Error(), Time: q.o.Now().UTC(), Attr: f.Attr}
	}
}

func refusalOf(drv driver.Driver, f *driver.FieldError) *document.Refusal {
	return &document.Refusal{Code: document.RefusedField, Field: f.Field, Value: tellable(drv, f), Text: f.Text}
}
