package figure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// AskDecide is the question by which a decision goes down: it is put until it is answered, and the giver takes each once.
const AskDecide = "decide"

// ruled is a decision on its way to the giver.
type ruled struct {
	ID     uuid.UUID `json:"id"`
	Kind   string    `json:"kind"`
	Period string    `json:"period"`
	Step   int64     `json:"step"` // the submission
	Root   string    `json:"root"` // as it was told
	State  string    `json:"state"`
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by"`
}

// verdict is what the giver answers.
type verdict struct {
	Outcome string    `json:"outcome"` // done, refused
	Why     text.Text `json:"why,omitzero"`
}

// rule decides on a period that was handed in on another node. What is decided counts here at once, and goes down when that node is linked.
func (s *Service) rule(ctx context.Context, scope auth.Scope, agreement uuid.UUID, in Decision) (out Seal, err error) {
	a, err := s.givenBy(ctx, in.Taker, agreement)
	if err != nil {
		return out, err
	}
	p, err := s.ended("body.period", in.Kind, in.Period)
	if err != nil {
		return out, err
	}
	if in.State != Accepted {
		in.State = Returned
		if err := checkReason(in.Reason); err != nil {
			return out, err
		}
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		at, err := s.store.stance(ctx, tx, agreement, p)
		if err != nil {
			return err
		}
		if err := may(at.state, in.State); err != nil {
			return err
		}
		x := at.submitted
		if in.Root != x.Root.String() {
			return ErrSealRoot.At("body.root", in.Root).With("root", x.Root)
		}
		if in.State == Accepted && x.Here < x.Figures {
			return ErrSealHere.At("body.state", in.State).With("here", x.Here).With("figures", x.Figures)
		}
		e := scope.Act(ctx, s.o.Now(), "figure.period."+in.State, audit.Object{Kind: "figure.period", ID: agreement.String() + " " + p.Kind, Name: p.Label},
			map[string]any{"state": at.state, "step": x.Step, "root": in.Root}, map[string]any{"state": in.State})
		e.Org, e.Reason = in.Taker, in.Reason
		r := Ruling{ID: uuid.Must(uuid.NewV7()), Agreement: agreement, Taker: in.Taker, Kind: p.Kind, Period: p.Label, Step: x.Step, Root: x.Root, State: in.State, Reason: in.Reason, By: e.Actor, Outcome: Waiting}
		if r.At, err = s.store.tick(ctx, tx, s.o.Now()); err != nil {
			return err
		}
		if err := s.store.putRuling(ctx, tx, &r); err != nil {
			return err
		}
		if err := s.repinned(ctx, tx, &r); err != nil {
			return err
		}
		out = Seal{Keeper: a.Giver.Org, Kind: p.Kind, Period: p.Label, Step: x.Step, State: r.State, Figures: x.Figures, Root: x.Root, AsOf: x.AsOf, Agreement: agreement, Taker: in.Taker, Reason: r.Reason, By: r.By, At: r.At, Decision: r.ID}
		return audit.Record(ctx, tx, e)
	})
	if err == nil {
		s.wakeDelivery()
	}
	return out, err
}

// givenBy is an agreement by which an organisation of this node is given totals by another node. Error: ErrTaker.
func (s *Service) givenBy(ctx context.Context, taker, agreement uuid.UUID) (*org.Agreement, error) {
	if s.o.Parties != nil {
		list, err := s.o.Parties.Given(ctx, taker)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(list, func(a org.Agreement) bool {
			return a.ID == agreement && !a.Hosted() && a.Detail == org.DetailAggregate
		}); i >= 0 {
			return &list[i], nil
		}
	}
	return nil, ErrTaker.At("body.agreement", agreement.String())
}

func (s *Store) stance(ctx context.Context, db bun.IDB, agreement uuid.UUID, p indicator.Period) (stance, error) {
	steps, err := s.Handed(ctx, db, agreement, p.Kind, p.Label)
	if err != nil {
		return stance{}, err
	}
	rulings, err := s.Rulings(ctx, db, agreement, p.Kind, p.Label)
	return stanceOf(steps, rulings), err
}

// repinned has the taker's figures worked out again that count something else after a decision.
func (s *Service) repinned(ctx context.Context, tx bun.Tx, r *Ruling) error {
	concerns, err := s.store.repin(ctx, tx, r.Agreement, r.Kind, r.Period)
	if err != nil {
		return err
	}
	return s.mark(ctx, tx, r.Taker, r.Kind, r.Period, concerns)
}

func (s *Service) mark(ctx context.Context, tx bun.Tx, keeper uuid.UUID, kind, period string, concerns []string) error {
	for _, indicator := range concerns {
		if err := s.store.Mark(ctx, tx, Dirty{Keeper: keeper, Indicator: indicator, Kind: kind, Period: period}); err != nil {
			return err
		}
	}
	return nil
}

// pinHosted has takers on this node count what was accepted, or what stands where a period is open.
func (s *Service) pinHosted(ctx context.Context, tx bun.Tx, x *Seal) error {
	if s.o.Parties == nil || x.State == Submitted {
		return nil
	}
	takers, err := s.o.Parties.Takers(ctx, x.Keeper)
	if err != nil || len(takers) == 0 {
		return err
	}
	var pins []pinRow
	if x.State == Accepted {
		board := Board{Keeper: x.Keeper, Kind: x.Kind, Period: x.Period, AsOf: x.AsOf}
		err := store.Each(func(page store.Page) ([]*Figure, string, error) { return s.store.List(ctx, tx, board, page) }, func(f *Figure) error {
			pins = append(pins, pinRow{Figure: f.Key.ID(), Revision: f.Revision, Indicator: f.Key.Indicator, Kind: x.Kind, Label: x.Period})
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, t := range takers {
		for i := range pins {
			pins[i].Agreement = t.Agreement
		}
		concerns, err := s.store.pin(ctx, tx, t.Agreement, x.Kind, x.Period, pins)
		if err != nil {
			return err
		}
		if err := s.mark(ctx, tx, t.Org, x.Kind, x.Period, concerns); err != nil {
			return err
		}
	}
	return nil
}

// AnswerDecide takes a decision of a taker on another node on a period of an organisation of this one. It is taken once, and answered in
// the same way ever after; a refusal is an answer too.
func (s *Service) AnswerDecide(ctx context.Context, a *org.Agreement, body json.RawMessage) (any, error) {
	var in ruled
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, ErrQuestion.Because(err)
	}
	_, isPeriod := indicator.ParsePeriod(in.Kind, in.Period)
	_, isHash := ParseHash(in.Root)
	if _, err := d.Token(); err != io.EOF || in.ID == uuid.Nil || !isPeriod || isHash != nil || in.State != Accepted && in.State != Returned || a.Detail != org.DetailAggregate ||
		len(in.Reason) > maxWords || len(in.By) > maxActor || !utf8.ValidString(in.Reason) || strings.TrimSpace(in.By) == "" {
		return nil, ErrQuestion
	}
	var out verdict
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var was decidedRow
		err := store.Err(tx.NewSelect().Model(&was).Where("d.id = ?", in.ID).Scan(ctx))
		if err == nil {
			if was.Agreement != a.ID {
				return ErrQuestion
			}
			out, err = decode[verdict](was.Answer)
			return err
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if out, err = s.ruledOn(ctx, tx, a, &in); err != nil {
			return err
		}
		row := decidedRow{ID: in.ID, Agreement: a.ID, Answer: encode(out), At: s.o.Now().UnixNano()}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	return out, err
}

// ruledOn follows a decision that came, or says why not.
func (s *Service) ruledOn(ctx context.Context, tx bun.Tx, a *org.Agreement, in *ruled) (verdict, error) {
	refused := func(zh, en string) (verdict, error) { return verdict{Refused, both(zh, en)}, nil }
	steps, err := s.store.Steps(ctx, tx, a.Giver.Org, in.Kind, in.Period)
	if err != nil {
		return verdict{}, err
	}
	var told sealToldRow
	err = store.Err(tx.NewSelect().Model(&told).Where("t.agreement = ? AND t.kind = ? AND t.label = ? AND t.step = ?", a.ID, in.Kind, in.Period, in.Step).Scan(ctx))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return verdict{}, err
	}
	last := slices.IndexFunc(steps, func(x Seal) bool { return x.State == Submitted }) // the newest come first
	if last < 0 || steps[last].Step != in.Step || err != nil || told.Root != in.Root {
		return refused("对方已另行报送，此决定针对的报送不再有效", "something else was handed in meanwhile: the submission that it is about does not stand")
	}
	by := Seal{Agreement: a.ID, Decision: in.ID, By: audit.Actor{Kind: "node", ID: a.Taker.Node.String(), Name: in.By + " · " + a.Taker.Name.In("zh")}}
	_, err = s.decide(ctx, tx, auth.System(a.Giver.Org), by, Decision{Org: a.Giver.Org, Kind: in.Kind, Period: in.Period, Taker: a.Taker.Org, State: in.State, Root: steps[0].Root.String(), Reason: in.Reason})
	switch {
	case errors.Is(err, ErrSealState):
		return refused("该期状态为“"+sealNames[steps[0].State].Zh+"”", "the period is "+sealNames[steps[0].State].En)
	case errors.Is(err, ErrReason):
		return refused("退回须写明理由", "a return needs a reason")
	case err != nil:
		return verdict{}, err
	}
	return verdict{Outcome: Done}, nil
}

// Delivery brings decisions to givers on other nodes.
type Delivery struct {
	// Ask puts a question to the giver of an agreement; *neighbour.Service has it.
	Ask   func(ctx context.Context, agreement uuid.UUID, verb string, body json.RawMessage) (json.RawMessage, error)
	Every time.Duration // how often what waits is looked at; default 2 s
}

func (s *Service) wakeDelivery() {
	select {
	case s.ruled <- struct{}{}:
	default:
	}
}

// mostPause bounds the wait between attempts to bring a decision to a node that is linked and does not take it.
const mostPause = 5 * time.Minute

// Deliver brings decisions down until ctx ends: those under one agreement one after the other, in the order in which they were taken.
func (s *Service) Deliver(ctx context.Context, d Delivery) error {
	if d.Every <= 0 {
		d.Every = 2 * time.Second
	}
	type rest struct {
		until time.Time
		pause time.Duration
	}
	rests := map[uuid.UUID]rest{}
	for ctx.Err() == nil {
		list, err := s.store.waiting(ctx)
		if err != nil && ctx.Err() == nil {
			s.o.Logger.Error("list decisions that wait", "err", err)
		}
		again := false
		for i := range list {
			r := rests[list[i].Agreement]
			if time.Now().Before(r.until) {
				continue
			}
			switch took, err := s.bring(ctx, d, &list[i]); {
			case err != nil && ctx.Err() == nil:
				r.pause = min(mostPause, max(d.Every, 2*r.pause))
				r.until = time.Now().Add(r.pause)
				rests[list[i].Agreement] = r
				s.o.Logger.Warn("a decision cannot be brought down now", "agreement", list[i].Agreement, "period", list[i].Period, "err", err, "retryIn", r.pause)
			case took:
				delete(rests, list[i].Agreement)
				again = true
			}
		}
		if again {
			continue
		}
		timer := time.NewTimer(d.Every)
		select {
		case <-s.ruled:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

// bring puts one decision to its giver; false where that is not linked.
func (s *Service) bring(ctx context.Context, d Delivery, r *Ruling) (bool, error) {
	if _, err := s.givenBy(ctx, r.Taker, r.Agreement); errors.Is(err, ErrTaker) {
		return true, s.settled(ctx, r, verdict{Refused, both("协议已不再有效", "the agreement does not hold any more")})
	} else if err != nil {
		return false, err
	}
	if _, away, err := s.o.Parties.Giver(ctx, r.Agreement); err != nil || !away.IsZero() {
		return false, err
	}
	body, err := json.Marshal(ruled{r.ID, r.Kind, r.Period, r.Step, r.Root.String(), r.State, r.Reason, r.By.Name})
	if err != nil {
		return false, err
	}
	answer, err := d.Ask(ctx, r.Agreement, AskDecide, body)
	if err != nil {
		return false, err
	}
	v, err := decode[verdict](string(answer))
	if err == nil && v.Outcome != Done && v.Outcome != Refused {
		err = ErrQuestion
	}
	if err != nil {
		return false, err
	}
	return true, s.settled(ctx, r, v)
}

// settled writes down what the giver answered. What it has refused does not count any more.
func (s *Service) settled(ctx context.Context, r *Ruling, v verdict) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.store.settle(ctx, tx, r.ID, v.Outcome, v.Why, s.o.Now().UnixNano()); err != nil || v.Outcome != Refused {
			return err
		}
		return s.repinned(ctx, tx, r)
	})
}
