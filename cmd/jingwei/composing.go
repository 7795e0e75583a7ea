package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/register"
	"jingwei/internal/telemetry/rollup/kept"
)

// openComposer opens what works figures out. It needs all rooms that figures rest on, agreements and neighbours.
func (n *node) openComposer(context.Context) error {
	n.composer = figure.NewComposer(figure.ComposerOptions{
		Store: n.figures.Store(), Library: n.indicators.Library(), Sources: figureSources{n}, Changes: &figureChanges{node: n, seen: map[uuid.UUID]entrySeen{}},
		Agreements: n.orgs, Streams: figureStreams{n.neighbours}, Log: n.evidence, Node: n.id, Now: n.now, Logger: n.log, Refused: n.recordRefused,
	})
	n.neighbours.OnIncoming(n.composer.Incoming)
	n.neighbours.OnEpoch(n.composer.Afresh)
	return nil
}

// composeFigures works figures out, and looks at check-ups, which tell nobody of their changes, from time to time.
func (n *node) composeFigures(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		every := time.NewTicker(15 * time.Minute)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				for _, x := range n.checkups.Instruments() {
					n.composer.Touch(figure.Change{What: indicator.TouchCheckup + ":" + x.ID})
				}
			}
		}
	})
	return n.composer.Run(auth.AsSystem(ctx, "figures"))
}

// rollupsMade has the composer look for what roll-ups say that is new.
func (n *node) rollupsMade() {
	if n.composer != nil {
		n.composer.Wake()
	}
}

// plantChanged tells the composer that the plant of an organisation is another, at whatever time.
func (n *node) plantChanged(org uuid.UUID) {
	if n.composer != nil {
		n.composer.Touch(figure.Change{Org: org, What: indicator.TouchReadings, To: always})
	}
}

// always is behind all times.
const always = int64(1<<63 - 1)

// recordRefused raises that something that was given cannot be taken.
func (n *node) recordRefused(a *org.Agreement, seq uint64, why error) {
	n.board.Raise(context.Background(), condition.Condition{
		Kind: "figures.refused", Subject: a.ID.String(), Severity: condition.Warning,
		Text: text.Text{Zh: fmt.Sprintf("%s 提供的第 %d 条记录未采用：%v", a.Giver.Name.Zh, seq, why), En: fmt.Sprintf("record %d given by %s is left out: %v", seq, a.Giver.Name.En, why)},
	})
}

// figureStreams are the streams of agreements (figure.Streams).
type figureStreams struct{ room *neighbour.Service }

func (s figureStreams) Put(ctx context.Context, tx bun.IDB, agreement uuid.UUID, records [][]byte) error {
	return s.room.Put(ctx, tx, agreement, records)
}

func (s figureStreams) Incoming(ctx context.Context, agreement uuid.UUID, epoch, after uint64, limit int) ([]figure.Came, error) {
	list, err := s.room.Incoming(ctx, agreement, epoch, after, limit)
	return store.All(list, func(r *neighbour.Record) figure.Came { return figure.Came{Seq: r.Seq, Bytes: r.Bytes} }), err
}

func (s figureStreams) Stands(ctx context.Context, agreement uuid.UUID) (epoch, last uint64, err error) {
	st, err := s.room.Stream(ctx, agreement)
	if errors.Is(err, store.ErrNotFound) {
		return 0, 0, nil
	}
	return st.Epoch, st.Last, err
}

// figureSources are what is known on this node, each organisation's as itself (figure.Sources).
type figureSources struct{ *node }

func (s figureSources) Observe(ctx context.Context, id uuid.UUID, d *indicator.Definition, p indicator.Period, baseline string) (*indicator.Valuation, error) {
	e, keeper, err := s.self(ctx, id, p.To)
	if err != nil {
		return nil, err
	}
	return s.indicators.Observe(auth.AsSystem(ctx, "figures"), d, indicator.Asked{Keeper: keeper, Firm: e, Period: p, Baseline: baseline})
}

func (s figureSources) Self(ctx context.Context, id uuid.UUID, day string) (indicator.Enterprise, error) {
	e, _, err := s.self(ctx, id, day)
	return e, err
}

// self is how an enterprise of this node is known: by the register of the node's own organisation, or by its name and code alone.
func (s figureSources) self(ctx context.Context, id uuid.UUID, day string) (indicator.Enterprise, uuid.UUID, error) {
	keeper, e, listed, err := indicatorFirms{s.known}.One(ctx, id, day)
	if err != nil || listed {
		return e, keeper, err
	}
	o, err := s.orgs.Get(ctx, id)
	if err != nil {
		return e, keeper, err
	}
	if e.Code == "" {
		e = indicator.Enterprise{Name: o.Name.Zh, Code: o.CreditCode}
	}
	e.Org = id
	return e, keeper, nil
}

func (s figureSources) Counted(ctx context.Context, keeper uuid.UUID, scope string, d *indicator.Definition, p indicator.Period, baseline string) (*indicator.Valuation, error) {
	return s.indicators.Observe(auth.AsSystem(ctx, "figures"), d, indicator.Asked{Keeper: keeper, Place: scope, Period: p, Baseline: baseline})
}

func (s figureSources) Complete(ctx context.Context, d *indicator.Definition, asked indicator.Asked, o indicator.Observation) (indicator.Observation, error) {
	return s.indicators.Complete(auth.AsSystem(ctx, "figures"), d, asked, o)
}

func (s figureSources) Draw(ctx context.Context, keeper uuid.UUID, scope string, f indicator.Filter, day string) (*indicator.Members, error) {
	return indicator.Draw(ctx, indicatorFirms{s.known}, keeper, indicator.Region{Code: scope}, f, day)
}

// figureChanges tells what facts and entries have changed (figure.Changes).
type figureChanges struct {
	*node
	seen map[uuid.UUID]entrySeen // entries of the last moments: one gets its time before it is committed
}

type entrySeen struct{ revision, at int64 }

// lookBack is for how long an entry may be under way, in ns.
const lookBack = int64(30 * time.Second)

func (c *figureChanges) Names() []string { return []string{"facts", "entries", "readings"} }

func (c *figureChanges) After(ctx context.Context, name string, at figure.Cursor, limit int) ([]figure.Change, figure.Cursor, error) {
	switch name {
	case "facts":
		return c.factsAfter(ctx, at, limit)
	case "readings":
		return c.readingsAfter(ctx, at, limit)
	}
	return c.entriesAfter(ctx, at, limit)
}

// readingsAfter tells of what times roll-ups were made or restated: of all, where nobody has looked yet or it is not told any more.
func (c *figureChanges) readingsAfter(ctx context.Context, at figure.Cursor, limit int) ([]figure.Change, figure.Cursor, error) {
	list, to, err := []kept.Told(nil), uint64(0), error(kept.ErrHorizon)
	newest := c.rollups.Newest() // before what is told is read, so that nothing comes in between
	if at.Position > 0 {
		list, to, err = c.rollups.ToldAfter(ctx, uint64(at.Position), limit)
	}
	if errors.Is(err, kept.ErrHorizon) {
		return []figure.Change{{What: indicator.TouchReadings, To: always}}, figure.Cursor{Position: int64(newest)}, nil
	}
	if err != nil {
		return nil, at, err
	}
	out := make([]figure.Change, 0, len(list))
	for _, t := range list {
		out = append(out, figure.Change{Org: t.Org, What: indicator.TouchReadings, From: t.Span.From, To: t.Span.To})
	}
	return out, figure.Cursor{Position: int64(to)}, nil
}

func (c *figureChanges) factsAfter(ctx context.Context, at figure.Cursor, limit int) ([]figure.Change, figure.Cursor, error) {
	list, err := c.facts.ChangedAfter(ctx, auth.Everywhere(), at.Position, limit)
	if err != nil || len(list) == 0 {
		return nil, at, err
	}
	found, err := c.facts.ReadFor(ctx, auth.Everywhere(), store.All(list, func(s *fact.Stamp) uuid.UUID { return s.ID }))
	if err != nil {
		return nil, at, err
	}
	changes := map[figure.Change]bool{}
	for i := range found {
		f := &found[i]
		x := figure.Change{Org: f.Org, What: indicator.TouchFact + ":" + f.Kind, From: f.Since, To: f.Until}
		if item, ok := f.Record["item"].(string); ok && f.Kind == "declaration" {
			x.What = indicator.TouchDeclared + ":" + item
		}
		if f.Revision > 1 { // what it said before may have been about another time
			x.From = field.Always
		}
		changes[x] = true
	}
	out := make([]figure.Change, 0, len(changes))
	for x := range changes {
		out = append(out, x)
	}
	at.Position = list[len(list)-1].Commit
	return out, at, nil
}

func (c *figureChanges) entriesAfter(ctx context.Context, at figure.Cursor, limit int) ([]figure.Change, figure.Cursor, error) {
	from := max(at.Position-lookBack, 0)
	var fresh []uuid.UUID
	for id := uuid.Nil; len(fresh) < limit; {
		list, err := c.registers.Changed(ctx, auth.Everywhere(), from, id, limit)
		if err != nil {
			return nil, at, err
		}
		for _, s := range list {
			if c.seen[s.ID].revision != s.Revision {
				c.seen[s.ID] = entrySeen{s.Revision, s.At}
				fresh = append(fresh, s.ID)
			}
			at.Position = max(at.Position, s.At)
			from, id = s.At, s.ID
		}
		if len(list) < limit {
			break
		}
	}
	for id, s := range c.seen {
		if s.at < at.Position-2*lookBack {
			delete(c.seen, id)
		}
	}
	if len(fresh) == 0 {
		return nil, at, nil
	}
	at.Epoch++ // something has changed, also where no time is greater
	entries, err := c.registers.ReadFor(ctx, auth.Everywhere(), fresh)
	if err != nil {
		return nil, at, err
	}
	changes := map[figure.Change]bool{}
	for i := range entries {
		changes[entryChange(&entries[i])] = true
	}
	out := make([]figure.Change, 0, len(changes))
	for x := range changes {
		out = append(out, x)
	}
	return out, at, nil
}

func entryChange(e *register.Entry) figure.Change {
	x := figure.Change{Org: e.Subject, What: indicator.TouchEntry + ":" + e.Register, From: field.Always}
	if e.Register == enterpriseRegister {
		x.Org = uuid.Nil
	}
	return x
}

var (
	_ figure.Streams    = figureStreams{}
	_ figure.Sources    = figureSources{}
	_ figure.Changes    = &figureChanges{}
	_ figure.Agreements = &org.Service{}
	_ figure.Evidence   = &evidence.Log{}
)
