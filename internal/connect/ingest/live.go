package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/maphash"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// liveSource puts sources on the live stream.
type liveSource struct{ s *Service }

func (l liveSource) Event() string { return "sources" }

func (l liveSource) Watch(_ context.Context, scope auth.Scope, q api.LiveQuery) (api.Feed, error) {
	return &liveFeed{s: l.s, scope: scope, query: q, seen: map[uuid.UUID]uint64{}}, nil
}

type liveFeed struct {
	s     *Service
	scope auth.Scope
	query api.LiveQuery
	told  bool
	at    uint64
	seen  map[uuid.UUID]uint64 // hash of what was told of a source
}

var liveSeed = maphash.MakeSeed()

// Next implements api.Feed: the sources that have changed.
func (f *liveFeed) Next(context.Context) (any, error) {
	f.s.mu.RLock()
	version := f.s.version
	f.s.mu.RUnlock()
	if f.told && f.at == version {
		return nil, nil
	}
	first := !f.told
	f.told, f.at = true, version
	out := []View{}
	for _, in := range f.s.all() {
		if !f.query.Wants(f.scope, in.source().Org) {
			continue
		}
		v := in.view()
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		if h := maphash.Bytes(liveSeed, text); first || f.seen[v.ID] != h {
			f.seen[v.ID] = h
			out = append(out, v)
		}
	}
	if len(out) == 0 && !first {
		return nil, nil
	}
	slices.SortFunc(out, func(a, b View) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return api.NewPage(out, ""), nil
}
