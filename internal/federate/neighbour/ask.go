package neighbour

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

const (
	maxAsking    = 16      // questions to, or of, one node at a time
	askRoom      = 4 << 10 // of a question that the envelope may take
	maxVerb      = 60      // bytes
	maxWho       = 300     // bytes
	maxAskedBody = 4000    // bytes of a question that are logged
	questionsFor = 3 * 366 * 24 * time.Hour
)

// askMessage is an ASK between nodes.
type askMessage struct {
	Agreement uuid.UUID       `json:"agreement"`
	Verb      string          `json:"verb"`
	Who       string          `json:"who"` // for the giver's log; each node adds itself to a question that it passes on
	TimeMs    int64           `json:"timeMs"`
	Body      json.RawMessage `json:"body,omitempty"`
}

// answerMessage is an ANSWER between nodes.
type answerMessage struct {
	Code       string            `json:"code,omitempty"` // of the refusal; "" where it is answered
	Reason     string            `json:"reason,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Body       json.RawMessage   `json:"body,omitempty"`
}

type askerKey struct{}

// Asker is who asks, in a handler: the people and nodes through whom a question came, the first first.
func Asker(ctx context.Context) string {
	who, _ := ctx.Value(askerKey{}).(string)
	return who
}

func (s *Service) who(ctx context.Context) string {
	if who := Asker(ctx); who != "" {
		return who
	}
	if p, err := auth.Need(ctx); err == nil {
		return p.Name
	}
	return s.o.NodeName
}

// codeOf is the stable name of a problem.
func codeOf(err error) (string, bool) {
	if p, ok := problem.From(err); ok {
		return p.Kind().Code(), true
	}
	return "", false
}

// wordsOf tells another node why something is refused: the attributes of a problem and never its cause.
func wordsOf(p *problem.Error) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(p.Attributes())) {
		parts = append(parts, name+" "+wordOf(p.Attributes()[name]))
	}
	return cut(strings.Join(parts, ", "), 500)
}

func wordOf(v any) string {
	if both, ok := v.(text.Text); ok {
		v = both.In("zh")
	}
	return cut(fmt.Sprint(v), 300)
}

// Ask puts a question to the giver of an agreement and waits for its answer. Whether the caller may ask is judged by who calls; whether the agreement
// lets it be answered, by the giver's handler. Errors: ErrClosed (the agreement is not active), ErrOffline, ErrConsent, ErrVerb, ErrBusy, ErrNoAnswer, ErrTooLong,
// ErrRefused, ErrNoPeer (the taker is not of this node).
func (s *Service) Ask(ctx context.Context, agreement uuid.UUID, verb string, body json.RawMessage) (json.RawMessage, error) {
	a, err := s.o.Orgs.Agreement(ctx, agreement)
	if err != nil {
		return nil, err
	}
	if a.Taker.Node != s.o.Node {
		return nil, ErrNoPeer.With("thing", "agreement")
	}
	began, now := time.Now(), s.o.Now()
	q := questionRow{ID: uuid.Must(uuid.NewV7()), Agreement: agreement, Side: org.Taker, Verb: cut(verb, maxVerb), Who: cut(s.who(ctx), maxWho), Body: cut(string(body), maxAskedBody), At: now.UnixNano()}
	var answer json.RawMessage
	switch st := a.State(now.UnixNano()); {
	case st != org.AgreementActive:
		err = ErrClosed.With("state", string(st))
	case len(verb) > maxVerb || len(body) > federate.MaxAsk-askRoom:
		err = ErrTooLong.With("max", federate.MaxAsk-askRoom)
	case a.Hosted():
		answer, err = s.answer(ctx, &a, q.Who, verb, body)
	default:
		answer, err = s.send(ctx, &a, q.Who, verb, body)
	}
	// What was asked is in the log before its answer is shown.
	if logged := s.logQuestion(ctx, q, time.Since(began), len(answer), err); logged != nil {
		return nil, logged
	}
	return answer, err
}

func (s *Service) logQuestion(ctx context.Context, q questionRow, took time.Duration, bytes int, err error) error {
	q.Took, q.Bytes, q.Outcome = int64(took), int64(bytes), "answered"
	if err != nil {
		if code, ok := codeOf(err); ok {
			q.Outcome = cut(code, 100)
		} else {
			q.Outcome = "internal"
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), admitTimeout)
	defer cancel()
	if err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&q).Exec(ctx)
		return err
	}); err != nil {
		return fmt.Errorf("log a question: %w", err)
	}
	return nil
}

// send asks over the link of the giver's node.
func (s *Service) send(ctx context.Context, a *org.Agreement, who, verb string, body json.RawMessage) (json.RawMessage, error) {
	s.mu.Lock()
	var x *session
	if p := s.peers[peerKey{a.Giver.Node, Down}]; p != nil {
		x = p.session
	}
	s.mu.Unlock()
	offline := ErrOffline.With("node", s.nameOf(a.Giver.Node))
	if x == nil {
		return nil, offline
	}
	x.mu.Lock()
	busy := x.asks >= maxAsking
	if !busy {
		x.asks++
	}
	x.mu.Unlock()
	if busy {
		return nil, ErrBusy.With("max", maxAsking).Header("Retry-After", "5")
	}
	defer func() {
		x.mu.Lock()
		x.asks--
		x.mu.Unlock()
	}()
	wait := s.o.AskTime
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline))
	}
	message := askMessage{Agreement: a.ID, Verb: verb, Who: who, TimeMs: wait.Milliseconds(), Body: body}
	raw, err := json.Marshal(message)
	if err != nil {
		return nil, ErrRefused.With("reason", "the question is no JSON").Because(err)
	}
	answer, err := x.request(ctx, federate.Control{Kind: federate.MessageAsk, Body: raw}, wait+time.Second)
	switch {
	case errors.Is(err, errGone) || err != nil && x.conn.Err() != nil:
		return nil, offline
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return nil, err
	case answer == nil:
		return nil, ErrNoAnswer.With("seconds", int(wait.Seconds()))
	case answer.Kind != federate.MessageAnswer:
		return nil, ErrVerb.With("verb", verb)
	case len(answer.Body) > federate.MaxAnswer+askRoom:
		return nil, ErrTooLong.With("max", federate.MaxAnswer)
	}
	var r answerMessage
	if err := json.Unmarshal(answer.Body, &r); err != nil {
		return nil, ErrRefused.With("reason", "its answer cannot be read").Because(err)
	}
	if r.Code == "" {
		return r.Body, nil
	}
	for _, k := range told {
		if k.Code() == r.Code {
			e := k.With("reason", cut(r.Reason, 500))
			for name, value := range r.Attributes {
				e = e.With(name, cut(value, 300))
			}
			return nil, e
		}
	}
	return nil, ErrRefused.With("reason", cut(r.Code+": "+r.Reason, 500))
}

func (s *Service) nameOf(node uuid.UUID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, way := range []Way{Down, Up} {
		if p := s.peers[peerKey{node, way}]; p != nil && p.row.Name != "" {
			return p.row.Name
		}
	}
	return node.String()
}

// asked takes a question of the other node; it is answered on a goroutine of its own.
func (x *session) asked(ctx context.Context, answers *sync.WaitGroup, m federate.Control) error {
	s := x.s
	refuse := func(err error) error {
		_, err = x.desk.Send(ctx, federate.Control{Kind: federate.MessageAnswer, ID: m.ID, Body: encoded(refusalOf(err))})
		return err
	}
	var q askMessage
	if err := json.Unmarshal(m.Body, &q); err != nil || len(m.Body) > federate.MaxAsk {
		return refuse(ErrRefused.With("reason", "the question cannot be read"))
	}
	s.mu.Lock()
	busy := x.p.asked >= maxAsking
	if !busy {
		x.p.asked++
	}
	s.mu.Unlock()
	if busy {
		return refuse(ErrBusy.With("max", maxAsking))
	}
	limit := s.o.AskTime
	if q.TimeMs > 0 {
		limit = min(limit, time.Duration(q.TimeMs)*time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	x.mu.Lock()
	x.ends[m.ID] = cancel
	x.mu.Unlock()
	answers.Go(func() {
		defer func() {
			cancel()
			x.mu.Lock()
			delete(x.ends, m.ID)
			x.mu.Unlock()
			s.mu.Lock()
			x.p.asked--
			s.mu.Unlock()
		}()
		body, err := s.answerOf(ctx, x.node, &q)
		r := answerMessage{Body: body}
		if err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				err = ErrNoAnswer.With("seconds", int(limit.Seconds()))
			}
			if _, known := codeOf(err); !known {
				s.log.Error("a question cannot be answered", "node", x.node, "verb", q.Verb, "error", err)
			}
			r = refusalOf(err)
		}
		late, stop := context.WithTimeout(context.WithoutCancel(ctx), admitTimeout)
		defer stop()
		_, _ = x.desk.Send(late, federate.Control{Kind: federate.MessageAnswer, ID: m.ID, Body: encoded(r)})
	})
	return nil
}

// refusalOf is how an error travels. What is no problem of the asker's is told by its kind alone.
func refusalOf(err error) answerMessage {
	p, ok := problem.From(err)
	if !ok {
		return answerMessage{Code: problem.Internal.Code()}
	}
	r := answerMessage{Code: p.Kind().Code(), Reason: wordsOf(p), Attributes: map[string]string{}}
	for name, value := range p.Attributes() {
		r.Attributes[name] = wordOf(value)
	}
	return r
}

// answerOf answers a question of another node, and logs it.
func (s *Service) answerOf(ctx context.Context, from uuid.UUID, q *askMessage) (json.RawMessage, error) {
	a, err := s.o.Orgs.Agreement(ctx, q.Agreement)
	if err == nil && (a.Giver.Node != s.o.Node || a.Taker.Node != from) {
		err = ErrNoPeer.With("thing", "agreement")
	}
	if err != nil {
		return nil, err
	}
	who := cut(q.Who, maxWho/2) + " @ " + a.Taker.Name.In("zh")
	if st := a.State(s.o.Now().UnixNano()); st != org.AgreementActive {
		err := ErrClosed.With("state", string(st))
		row := questionRow{ID: uuid.Must(uuid.NewV7()), Agreement: a.ID, Side: org.Giver, Verb: cut(q.Verb, maxVerb), Who: cut(who, maxWho), Body: cut(string(q.Body), maxAskedBody), At: s.o.Now().UnixNano()}
		return nil, errors.Join(err, s.logQuestion(ctx, row, 0, 0, err))
	}
	return s.answer(ctx, &a, who, q.Verb, q.Body)
}

// answer has a question of an active agreement handled, and logs it at the giver.
func (s *Service) answer(ctx context.Context, a *org.Agreement, who, verb string, body json.RawMessage) (answer json.RawMessage, err error) {
	began := time.Now()
	row := questionRow{ID: uuid.Must(uuid.NewV7()), Agreement: a.ID, Side: org.Giver, Verb: cut(verb, maxVerb), Who: cut(who, maxWho), Body: cut(string(body), maxAskedBody), At: s.o.Now().UnixNano()}
	if handle := s.handlers[verb]; handle == nil {
		err = ErrVerb.With("verb", cut(verb, maxVerb))
	} else {
		var v any
		if v, err = handle(context.WithValue(ctx, askerKey{}, who), a, body); err == nil {
			answer, err = json.Marshal(v)
		}
		if len(answer) > federate.MaxAnswer {
			answer, err = nil, ErrTooLong.With("max", federate.MaxAnswer)
		}
	}
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	// A question that cannot be logged is not answered.
	if logged := s.logQuestion(ctx, row, time.Since(began), len(answer), err); logged != nil {
		return nil, logged
	}
	return answer, err
}

var questionOrder = store.Keyset{Columns: []string{"q.id"}, Descending: true}

// Questions lists who asked what through an agreement, the last first. side narrows it to what this node asked (org.Taker) or was asked (org.Giver).
func (s *Service) Questions(ctx context.Context, agreement uuid.UUID, side org.Side, page store.Page) ([]Question, string, error) {
	var rows []questionRow
	q := s.o.DB.NewSelect().Model(&rows).Where("q.agreement = ?", agreement)
	if side != "" {
		q = q.Where("q.side = ?", side)
	}
	list, next, err := store.List(ctx, questionOrder, q, &rows, page, func(r *questionRow) []any { return []any{r.ID.String()} }, (*questionRow).question)
	if err != nil {
		return nil, "", fmt.Errorf("list questions: %w", err)
	}
	return list, next, nil
}

// forgetQuestions drops entries that are older than three years.
func (s *Service) forgetQuestions(ctx context.Context) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*questionRow)(nil)).Where("at < ?", s.o.Now().Add(-questionsFor).UnixNano()).Exec(ctx)
		return err
	})
}
