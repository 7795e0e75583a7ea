package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
)

const (
	maxWaiting  = 64              // questions to one gateway that wait for their answers
	answerGrace = 5 * time.Second // what the way there and back may take beyond the time of the question itself
)

// asking holds the questions of one session that wait for their answers. Guarded by Service.mu.
type asking struct {
	desk  *federate.Desk
	able  bool // the gateway's hello says that it answers questions
	waits map[uint32]chan reply
}

// reply is what came of a question: an answer, or why there is none.
type reply struct {
	answer *document.Answer
	err    error
}

// begin lets questions go to a session's gateway.
func (s *Service) beginAsking(p *peer, d *federate.Desk, able bool) *asking {
	a := &asking{desk: d, able: able, waits: map[uint32]chan reply{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.asking = a
	return a
}

// endAsking tells everybody who waits that no answer will come.
func (s *Service) endAsking(p *peer, a *asking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.asking == a {
		p.asking = nil
	}
	for id, c := range a.waits {
		delete(a.waits, id)
		c <- reply{err: ErrOffline.With("gateway", p.g.Name)}
	}
}

// answered takes an answer, or with an error what came in its place. One that nobody waits for any more is dropped.
func (s *Service) answered(a *asking, m federate.Control) {
	r := reply{}
	if m.Kind == federate.MessageUnknown {
		r.err = ErrOutdated.With("what", text.Text{Zh: "应答节点的询问", En: "answer questions of the node"})
	} else if answer, err := document.ParseAnswer(m.Body); err != nil {
		r.err = fmt.Errorf("a gateway's answer: %w", err)
	} else {
		r.answer = answer
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := a.waits[m.ID]; c != nil {
		delete(a.waits, m.ID)
		c <- r
	}
}

// ask puts a question to a gateway and waits for its answer. When ctx ends the question is withdrawn.
// Errors: ErrOffline, ErrOutdated, ErrBusy, ErrNoAnswer and those that a refusal means.
func (s *Service) ask(ctx context.Context, gateway uuid.UUID, q *document.Ask) (*document.Answer, error) {
	body, err := q.Encode()
	if err != nil {
		return nil, ErrQuestion.With("reason", err.Error())
	}
	s.mu.Lock()
	p := s.peers[gateway]
	var a *asking
	name := text.Text{}
	if p != nil {
		a, name = p.asking, p.g.Name
	}
	switch {
	case a == nil:
		err = ErrOffline.With("gateway", name)
	case !a.able:
		err = ErrOutdated.With("what", text.Text{Zh: "应答节点的询问", En: "answer questions of the node"})
	case len(a.waits) >= maxWaiting:
		err = ErrBusy.With("gateway", name).Header("Retry-After", "5")
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	id, came := a.desk.Fresh(), make(chan reply, 1)
	a.waits[id] = came
	s.mu.Unlock()

	limited, cancel := context.WithTimeout(ctx, q.Time()+answerGrace)
	defer cancel()
	if _, err := a.desk.Send(limited, federate.Control{Kind: federate.MessageAsk, ID: id, Body: body}); err != nil {
		s.giveUp(a, id)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrOffline.With("gateway", name)
	}
	select {
	case r := <-came:
		if r.err != nil {
			return nil, r.err
		}
		return r.answer, s.refusal(name, q, r.answer.Refusal)
	case <-limited.Done():
	}
	s.giveUp(a, id)
	after, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	if _, err := a.desk.Send(after, federate.Control{Kind: federate.MessageWithdraw, ID: id}); err != nil {
		s.log.Debug("a question cannot be withdrawn", "gateway", gateway, "error", err)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, ErrNoAnswer.With("gateway", name)
}

func (s *Service) giveUp(a *asking, id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(a.waits, id)
}

// refusal turns the gateway's reason for not asking the device into a problem.
func (s *Service) refusal(gateway text.Text, q *document.Ask, r *document.Refusal) error {
	if r == nil {
		return nil
	}
	switch r.Code {
	case document.RefusedVerb:
		return ErrOutdated.With("what", string(q.Verb))
	case document.RefusedDriver:
		if q.Try == nil {
			break
		}
		return ErrOutdated.With("what", text.Text{Zh: "使用驱动 " + q.Try.Driver, En: "use the driver " + q.Try.Driver})
	case document.RefusedCannot:
		return ErrCannot.With("what", verbNames[q.Verb])
	case document.RefusedLink:
		return ErrNotRunning.With("gateway", gateway)
	case document.RefusedTaken:
		return ErrLinkTaken.At("body.config.address", r.Value).With("name", r.Text).With("endpoint", r.Value)
	case document.RefusedBusy:
		return ErrBusy.With("gateway", gateway).Header("Retry-After", "5")
	case document.RefusedTime:
		return ErrNoAnswer.With("gateway", gateway)
	case document.RefusedStopped:
		return ErrOffline.With("gateway", gateway)
	case document.RefusedSize:
		return ErrAnswer
	case document.RefusedField:
		where := "body." + r.Field
		if q.Try != nil && r.Field != "unit" && (r.Field != "address" || q.Verb != document.Probe) && r.Field != "node" {
			where = "body.config." + r.Field
		}
		return fieldFault(where, r)
	}
	return ErrQuestion.With("reason", r.Text)
}

func fieldFault(where string, r *document.Refusal) *problem.Error {
	return ErrField.At(where, r.Value).With("field", r.Field).With("reason", r.Text)
}

var verbNames = map[document.Verb]text.Text{
	document.Read: {Zh: "读取", En: "read"}, document.Probe: {Zh: "试探地址", En: "probe an address"}, document.Browse: {Zh: "浏览", En: "browse"},
	document.Trace: {Zh: "报文跟踪", En: "trace frames"}, document.Plan: {Zh: "列出请求计划", En: "plan its requests"},
	document.Open: {Zh: "试连", En: "try a connection"}, document.Release: {Zh: "重新提交隔离区", En: "release its quarantine"},
	document.Discard: {Zh: "清空隔离区", En: "discard its quarantine"},
}
