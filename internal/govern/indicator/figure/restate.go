package figure

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/store"
)

// changes are observations that a commit puts in the place of others.
type changes struct {
	byColumn map[ColumnKey][]change
	keepers  map[ColumnKey]map[uuid.UUID][]int // whose figures rest on them, and on which
}

type change struct {
	old []byte // nil: there was none
	now Row
}

// put takes a change in, and gives its place. Of several of one enterprise the last counts.
func (x *changes) put(k ColumnKey, old []byte, now Row) int {
	at := slices.IndexFunc(x.byColumn[k], func(ch change) bool { return ch.now.Code == now.Code })
	if at >= 0 {
		x.byColumn[k][at].now = now
		return at
	}
	x.take(k, []change{{old, now}})
	return len(x.byColumn[k]) - 1
}

// take takes changes of enterprises in of which there is no other.
func (x *changes) take(k ColumnKey, list []change) {
	if x.byColumn == nil {
		x.byColumn, x.keepers = map[ColumnKey][]change{}, map[ColumnKey]map[uuid.UUID][]int{}
	}
	if x.byColumn[k] == nil {
		x.byColumn[k], x.keepers[k] = list, map[uuid.UUID][]int{}
		return
	}
	x.byColumn[k] = append(x.byColumn[k], list...)
}

// concerns says, once, that a keeper's figures rest on a changed observation.
func (x *changes) concerns(k ColumnKey, keeper uuid.UUID, at int) {
	x.keepers[k][keeper] = append(x.keepers[k][keeper], at)
}

// restate brings the figures that rest on changed observations up to date: what was in is taken away and what is now is added, so that
// it costs what has changed. Where who counts is to be looked at too, or an enterprise was not in, the figure is worked out whole.
func (c *Composer) restate(ctx context.Context, commit *Commit, x *changes, agreed *agreed) error {
	keepers := map[uuid.UUID]*Keeper{}
	for _, k := range slices.SortedFunc(maps.Keys(x.keepers), byPeriod) { // those of one period have the same population
		d := c.o.Library.Definition(k.Indicator)
		p, ok := indicator.ParsePeriod(k.Kind, k.Period)
		if d == nil || !ok {
			continue
		}
		for id, places := range x.keepers[k] {
			if keepers[id] == nil {
				settings, err := c.o.Store.Keeper(ctx, c.o.Store.db, id, Now)
				if err != nil {
					return err
				}
				keepers[id] = &settings
			}
			if keepers[id].Version == 0 {
				continue
			}
			whole := Dirty{Keeper: id, Indicator: k.Indicator, Kind: k.Kind, Period: k.Period}
			waiting, err := c.o.Store.marked(ctx, c.o.Store.db, whole)
			if err != nil {
				return err
			}
			if waiting || k.Source == Remote && d.OwnRegisters() {
				commit.Mark(whole)
				continue
			}
			for _, task := range c.tasks(keepers[id], agreed) {
				if task.Indicator != k.Indicator || task.Baseline != k.Baseline || !slices.Contains(task.periods, p) {
					continue
				}
				stands, f, err := c.replaced(ctx, task.key(id, p), d, p, x.byColumn[k], places, k.Source)
				if err != nil {
					return err
				}
				if f == nil {
					commit.Mark(whole)
					break
				}
				commit.PutOver(stands, f)
			}
		}
	}
	return nil
}

func byPeriod(a, b ColumnKey) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Period, b.Period), columnOrder(a, b))
}

// replaced is a figure with changed observations, and the revision that stands; nil where it has to be worked out whole.
func (c *Composer) replaced(ctx context.Context, key Key, d *indicator.Definition, p indicator.Period, list []change, places []int, source string) (stands, now *Figure, err error) {
	f, err := c.o.Store.Figure(ctx, c.o.Store.db, key.ID(), Now)
	if errors.Is(err, store.ErrNotFound) || err == nil && f.Definition != definitionHash(d) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	members, err := c.roll(ctx, f.Population)
	if err != nil {
		return nil, nil, err
	}
	spoken, err := c.spokenFor(ctx, f.Parts)
	if err != nil {
		return nil, nil, err
	}
	account, err := c.o.Library.DecodeAccount(d, f.Account)
	if err != nil {
		return nil, nil, err
	}
	g := *f
	g.Parts, g.Watermark = slices.Clone(f.Parts), 0
	at := slices.IndexFunc(g.Parts, func(x Part) bool { return x.Source == source })
	if at < 0 {
		return nil, nil, nil
	}
	before := account.Known()
	adder := c.o.Library.NewAdder(d, p, account)
	for _, place := range places {
		ch, code := &list[place], list[place].now.Code
		if !members.holds(code) || ch.old == nil || ch.now.Gone() {
			return nil, nil, nil
		}
		if slices.ContainsFunc(spoken, func(r *roll) bool { return r.holds(code) }) {
			continue
		}
		if err := adder.Take(ch.old); err != nil {
			return nil, nil, err
		}
		if err := adder.Add(ch.now.Observation); err != nil {
			return nil, nil, err
		}
	}
	adder.Done()
	g.Parts[at].Known += account.Known() - before
	g.Parts[at].At = c.o.Now().UnixNano()
	g.Account = account.Encode()
	return f, &g, nil
}

// spokenFor is for whom the accounts of parts speak.
func (c *Composer) spokenFor(ctx context.Context, parts []Part) (out []*roll, err error) {
	for i := range parts {
		if parts[i].Kind != Account || parts[i].State != Given {
			continue
		}
		r, err := c.roll(ctx, parts[i].Population)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
