package promql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/prometheus/model/labels"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/telemetry"
)

// entry is a series with its labels.
type entry struct {
	labels labels.Labels // with the name
	name   string
	ref    telemetry.Ref
	series telemetry.Series
	help   string // of /metadata
	count  bool   // a counter
}

// shard is what is known of one organisation's series.
type shard struct {
	entries []entry // by labels
	byName  map[string][]int32
	read    time.Time
}

// index keeps the series of each organisation that was asked for. An organisation's part is read again when the plant
// said that it has changed, and now and then for those changes that nobody tells: of a series' way of reporting.
type index struct {
	store     Store
	catalogue Catalogue
	language  string
	every     time.Duration
	now       func() time.Time

	mu     sync.Mutex
	places map[uuid.UUID]*place
}

// place holds an organisation's part.
type place struct {
	reading sync.Mutex // one reads, the others wait for what it read
	shard   *shard     // under index.mu, as is age
	age     uint64     // grows with each change, so that a reading that a change overtook is not kept
}

// changed forgets what is known of an organisation.
func (x *index) changed(org uuid.UUID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p := x.places[org]; p != nil {
		p.age++
		p.shard = nil
	}
}

// shard returns an organisation's part, which must not be changed.
func (x *index) shard(ctx context.Context, org uuid.UUID) (*shard, error) {
	look := func() (*place, *shard, uint64) {
		x.mu.Lock()
		defer x.mu.Unlock()
		p := x.places[org]
		if p == nil {
			p = &place{}
			x.places[org] = p
		}
		if p.shard != nil && x.now().Sub(p.shard.read) < x.every {
			return p, p.shard, p.age
		}
		return p, nil, p.age
	}
	p, s, _ := look()
	if s != nil {
		return s, nil
	}
	p.reading.Lock()
	defer p.reading.Unlock()
	_, s, age := look()
	if s != nil {
		return s, nil
	}
	now := x.now()
	s, err := x.load(ctx, org)
	if err != nil {
		return nil, err
	}
	s.read = now
	x.mu.Lock()
	if p.age == age {
		p.shard = s
	}
	x.mu.Unlock()
	return s, nil
}

func (x *index) load(ctx context.Context, org uuid.UUID) (*shard, error) {
	s := &shard{byName: map[string][]int32{}}
	b := labels.NewScratchBuilder(10)
	err := x.catalogue.Points(ctx, auth.System(org), func(p Point) error {
		ref, ok := x.store.Lookup(p.ID)
		if !ok {
			return nil // not declared yet
		}
		k, ok := x.store.Series(ref)
		if !ok || k.Org != org {
			return nil
		}
		name := MetricName(p.Key, k.Unit)
		s.entries = append(s.entries, entry{
			labels: labelsOf(&b, &p, &k, name, x.language), name: name, ref: ref, series: k,
			help: p.Name.In(x.language), count: p.Counter,
		})
		return nil
	})
	if err != nil {
		return nil, &nodeError{fmt.Errorf("look up the points of an organisation: %w", err)}
	}
	slices.SortFunc(s.entries, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.name, b.name), labels.Compare(a.labels, b.labels))
	})
	for i := range s.entries {
		e := &s.entries[i]
		s.byName[e.name] = append(s.byName[e.name], int32(i))
	}
	return s, nil
}

// each calls yield with every series of the scope whose labels the selection wants, and how it is seen, until yield
// returns false.
func (x *index) each(ctx context.Context, scope auth.Scope, sel *selection, yield func(e *entry, v view) bool) error {
	for _, org := range scope.Orgs() { // the node's own work has no organisations here, and sees nothing
		s, err := x.shard(ctx, org)
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		try := func(e *entry) bool {
			for _, v := range sel.views {
				if e.series.Type == telemetry.String && v == values {
					continue // texts are no values here
				}
				if sel.name(v.nameOf(e.name)) && sel.labels(e) && !yield(e, v) {
					return false
				}
			}
			return true
		}
		if sel.exact != "" {
			for _, i := range s.byName[sel.exact] {
				if !try(&s.entries[i]) {
					return nil
				}
			}
			continue
		}
		for i := range s.entries {
			if !try(&s.entries[i]) {
				return nil
			}
		}
	}
	return nil
}
