// Package handletest holds what the tests of the handle rooms share: holdings in memory and keys.
package handletest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
)

// Shelf is server.Holdings in a map.
type Shelf struct {
	mu        sync.RWMutex
	records   map[string][]byte
	homed     map[string]bool
	elsewhere map[string]server.Service
	authority map[string]server.Service
	minted    int
	changes   []string
}

// NewShelf holds the given prefixes and nothing in them.
func NewShelf(prefixes ...string) *Shelf {
	s := &Shelf{records: map[string][]byte{}, homed: map[string]bool{}, elsewhere: map[string]server.Service{}, authority: map[string]server.Service{}}
	for _, p := range prefixes {
		s.homed[handle.Name(p).Key()] = true
	}
	return s
}

// Put holds a handle without asking anybody.
func (s *Shelf) Put(name handle.Name, values ...handle.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[name.Key()] = handle.AppendRecord(nil, name, values)
}

// Refer says that a prefix is served elsewhere: kind server.ReferService, or ReferAuthority for the prefixes derived from it.
func (s *Shelf) Refer(prefix string, kind server.ServiceKind, to handle.Name, values ...handle.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	service := server.Service{Kind: kind, Referral: handle.AppendReferral(nil, to, values)}
	if kind == server.ReferAuthority {
		s.authority[handle.Name(prefix).Key()] = service
	} else {
		s.elsewhere[handle.Name(prefix).Key()] = service
	}
}

// Append implements server.Holdings.
func (s *Shelf) Append(dst, key []byte) ([]byte, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	record, ok := s.records[string(key)]
	return append(dst, record...), ok
}

// Service implements server.Holdings.
func (s *Shelf) Service(prefix []byte) server.Service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.homed[string(prefix)] {
		return server.Service{Kind: server.Homed}
	}
	return s.elsewhere[string(prefix)]
}

// Authority implements server.Holdings.
func (s *Shelf) Authority(prefix []byte) server.Service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for p := handle.Parent(string(prefix)); p != ""; p = handle.Parent(p) {
		if service, ok := s.authority[p]; ok {
			return service
		}
		if s.homed[p] {
			return server.Service{Kind: server.Homed}
		}
	}
	if s.homed[handle.NamingPrefix] {
		return server.Service{Kind: server.Homed}
	}
	return server.Service{}
}

func (s *Shelf) note(what string, name handle.Name, by server.Identity) {
	s.changes = append(s.changes, fmt.Sprintf("%s %s by %d:%s", what, name, by.Index, by.Handle))
}

// Changes are the changes made: "create 88.1/a by 300:0.NA/88.1".
func (s *Shelf) Changes() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.changes)
}

func (s *Shelf) values(name handle.Name) ([]handle.Value, error) {
	record, ok := s.records[name.Key()]
	if !ok {
		return nil, &handle.Refusal{Code: handle.NotFound}
	}
	_, values, err := handle.DecodeRecord(record)
	return values, err
}

// Create implements server.Holdings.
func (s *Shelf) Create(_ context.Context, by server.Identity, name handle.Name, values []handle.Value, overwrite bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.records[name.Key()]; ok && !overwrite {
		return &handle.Refusal{Code: handle.AlreadyExists}
	}
	s.records[name.Key()] = handle.AppendRecord(nil, name, values)
	s.note("create", name, by)
	return nil
}

// Delete implements server.Holdings.
func (s *Shelf) Delete(_ context.Context, by server.Identity, name handle.Name) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.records[name.Key()]; !ok {
		return &handle.Refusal{Code: handle.NotFound}
	}
	delete(s.records, name.Key())
	s.note("delete", name, by)
	return nil
}

// Add implements server.Holdings.
func (s *Shelf) Add(_ context.Context, by server.Identity, name handle.Name, values []handle.Value, overwrite bool) error {
	return s.change("add", by, name, func(old []handle.Value) ([]handle.Value, error) {
		for _, v := range values {
			i := slices.IndexFunc(old, func(o handle.Value) bool { return o.Index == v.Index })
			switch {
			case i < 0:
				old = append(old, v)
			case overwrite:
				old[i] = v
			default:
				return nil, handle.Refuse(handle.ValueExists, []uint32{v.Index}, "taken")
			}
		}
		return old, nil
	})
}

// Modify implements server.Holdings.
func (s *Shelf) Modify(_ context.Context, by server.Identity, name handle.Name, values []handle.Value) error {
	return s.change("modify", by, name, func(old []handle.Value) ([]handle.Value, error) {
		for _, v := range values {
			i := slices.IndexFunc(old, func(o handle.Value) bool { return o.Index == v.Index })
			if i < 0 {
				return nil, handle.Refuse(handle.ValueNotFound, []uint32{v.Index}, "not there")
			}
			old[i] = v
		}
		return old, nil
	})
}

// Remove implements server.Holdings.
func (s *Shelf) Remove(_ context.Context, by server.Identity, name handle.Name, indexes []uint32) error {
	return s.change("remove", by, name, func(old []handle.Value) ([]handle.Value, error) {
		return slices.DeleteFunc(old, func(v handle.Value) bool { return slices.Contains(indexes, v.Index) }), nil
	})
}

func (s *Shelf) change(what string, by server.Identity, name handle.Name, change func([]handle.Value) ([]handle.Value, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	values, err := s.values(name)
	if err != nil {
		return err
	}
	if values, err = change(values); err != nil {
		return err
	}
	s.records[name.Key()] = handle.AppendRecord(nil, name, values)
	s.note(what, name, by)
	return nil
}

// List implements server.Holdings.
func (s *Shelf) List(_ context.Context, prefix handle.Name, after string, limit int) ([]handle.Name, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	of, _ := prefix.OfPrefix()
	begin := handle.Name(of + "/").Key()
	var keys []string
	for k := range s.records {
		if strings.HasPrefix(k, begin) && k > after {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var names []handle.Name
	for _, k := range keys[:min(limit, len(keys))] {
		name, _, err := handle.DecodeRecord(s.records[k])
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// Count implements server.Holdings.
func (s *Shelf) Count(ctx context.Context, prefix handle.Name) (int, error) {
	names, err := s.List(ctx, prefix, "", len(s.records))
	return len(names), err
}

// Home implements server.Holdings.
func (s *Shelf) Home(_ context.Context, by server.Identity, prefix handle.Name) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of, _ := prefix.OfPrefix()
	s.homed[handle.Name(of).Key()] = true
	s.note("home", prefix, by)
	return nil
}

// Unhome implements server.Holdings.
func (s *Shelf) Unhome(_ context.Context, by server.Identity, prefix handle.Name) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of, _ := prefix.OfPrefix()
	delete(s.homed, handle.Name(of).Key())
	s.note("unhome", prefix, by)
	return nil
}

// Homed implements server.Holdings.
func (s *Shelf) Homed(context.Context) ([]handle.Name, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []handle.Name
	for p := range s.homed {
		names = append(names, handle.PrefixHandle(p))
	}
	slices.Sort(names)
	return names, nil
}

// Mint implements server.Holdings.
func (s *Shelf) Mint(_ context.Context, base handle.Name) (handle.Name, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.minted++
	return handle.Name(fmt.Sprintf("%s/%s%06d", base.Prefix(), base.Suffix(), s.minted)), nil
}
