package fleet

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// liveSource puts gateways on the live stream.
type liveSource struct{ s *Service }

func (l liveSource) Event() string { return "gateways" }

func (l liveSource) Watch(_ context.Context, scope auth.Scope, q api.LiveQuery) (api.Feed, error) {
	return &liveFeed{s: l.s, scope: scope, query: q, seen: map[uuid.UUID]uint64{}}, nil
}

type liveFeed struct {
	s     *Service
	scope auth.Scope
	query api.LiveQuery
	told  bool
	at    uint64
	seen  map[uuid.UUID]uint64
}

// changes are the gateways that have changed, and those told before that are no longer there.
type changes struct {
	Items   []View      `json:"items"`
	Removed []uuid.UUID `json:"removed,omitempty"`
}

// Next implements api.Feed: the gateways that have changed.
func (f *liveFeed) Next(context.Context) (any, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.told && f.at == f.s.version {
		return nil, nil
	}
	first := !f.told
	f.told, f.at = true, f.s.version
	out := []View{}
	for id, p := range f.s.peers {
		if !f.query.Wants(f.scope, p.g.Org) || f.seen[id] == p.version {
			continue
		}
		f.seen[id] = p.version
		out = append(out, f.s.viewLocked(p))
	}
	var removed []uuid.UUID
	for id := range f.seen {
		if f.s.peers[id] == nil {
			removed = append(removed, id)
			delete(f.seen, id)
		}
	}
	if len(out)+len(removed) == 0 && !first {
		return nil, nil
	}
	slices.SortFunc(out, func(a, b View) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	slices.SortFunc(removed, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return changes{Items: out, Removed: removed}, nil
}
