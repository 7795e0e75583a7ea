package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

var _ server.Holdings = (*Service)(nil)

// Append implements server.Holdings. While the index is filled again it asks SQL; where that does not answer either, nobody is told that
// there is no such identifier: Service and Authority then say that this node cannot answer (301).
func (s *Service) Append(dst, key []byte) ([]byte, bool) {
	out, ok, sure := s.indexed(dst, key)
	if sure {
		return out, ok
	}
	record, _, err := s.current(context.Background(), key)
	s.blind.Store(err != nil)
	if err != nil {
		s.log.Error("an identifier could not be read", "error", err)
	}
	if record == nil {
		return dst, false
	}
	return append(dst, record...), true
}

// Service implements server.Holdings.
func (s *Service) Service(prefix []byte) server.Service {
	if s.blind.Load() {
		return server.Service{}
	}
	if p := s.prefixes.find(prefix); p != nil {
		return p.service
	}
	return s.above(prefix)
}

// above is what is known of a prefix by those above it: served elsewhere, where one of them is delegated.
func (s *Service) above(prefix []byte) server.Service {
	for {
		i := bytes.LastIndexByte(prefix, '.')
		if i < 0 {
			return server.Service{}
		}
		prefix = prefix[:i]
		if p := s.prefixes.find(prefix); p != nil {
			return p.derived
		}
	}
}

// Authority implements server.Holdings.
func (s *Service) Authority(prefix []byte) server.Service {
	if s.blind.Load() {
		return server.Service{}
	}
	if p := s.prefixes.find(prefix); p != nil {
		return server.Service{Kind: server.Homed} // it is known here; its handle has no record
	}
	if i := bytes.LastIndexByte(prefix, '.'); i >= 0 {
		if p := s.prefixes.find(prefix[:i]); p != nil && p.State == Homed {
			return server.Service{Kind: server.Homed}
		}
	}
	return s.above(prefix)
}

// wire is who has proved to be who over the protocol.
func wire(by server.Identity) IdentifierAuthor {
	return IdentifierAuthor{Kind: "handle", Name: fmt.Sprintf("%d:%s", by.Index, by.Handle), Via: by.How}
}

// refusal is an error as the protocol knows it.
func refusal(err error) error {
	var r *handle.Refusal
	if errors.As(err, &r) {
		return r
	}
	return err
}

func (s *Service) change(ctx context.Context, by server.Identity, c Change) error {
	if err := c.check(); err != nil {
		return refusal(err)
	}
	return refusal(s.submit(ctx, &request{by: wire(by), changes: []Change{c}, whole: true}))
}

// Create implements server.Holdings.
func (s *Service) Create(ctx context.Context, by server.Identity, name handle.Name, values []handle.Value, overwrite bool) error {
	return s.change(ctx, by, Change{Operation: Create, Name: name, Values: values, Overwrite: overwrite})
}

// Delete implements server.Holdings.
func (s *Service) Delete(ctx context.Context, by server.Identity, name handle.Name) error {
	return s.change(ctx, by, Change{Operation: Delete, Name: name})
}

// Add implements server.Holdings.
func (s *Service) Add(ctx context.Context, by server.Identity, name handle.Name, values []handle.Value, overwrite bool) error {
	return s.change(ctx, by, Change{Operation: Add, Name: name, Values: values, Overwrite: overwrite})
}

// Modify implements server.Holdings.
func (s *Service) Modify(ctx context.Context, by server.Identity, name handle.Name, values []handle.Value) error {
	return s.change(ctx, by, Change{Operation: Modify, Name: name, Values: values})
}

// Remove implements server.Holdings.
func (s *Service) Remove(ctx context.Context, by server.Identity, name handle.Name, indexes []uint32) error {
	return s.change(ctx, by, Change{Operation: Remove, Name: name, Indexes: indexes})
}

// of is the prefix that a handle 0.NA/prefix stands for, served here.
func (s *Service) of(name handle.Name) (*knownPrefix, error) {
	prefix, ok := name.OfPrefix()
	if !ok {
		return nil, handle.Refuse(handle.InvalidName, nil, "%s is not the handle of a prefix", name)
	}
	p, ok := s.prefixes.get(folded(prefix))
	if !ok || p.State != Homed {
		return nil, handle.Refuse(handle.NotResponsible, nil, "prefix %s", prefix)
	}
	return p, nil
}

// keyRange are the bounds of the keys of a folded prefix: from "88.101/" to what follows the slash.
func keyRange(prefix string) (from, to []byte) { return []byte(prefix + "/"), []byte(prefix + "0") }

// List implements server.Holdings.
func (s *Service) List(ctx context.Context, prefix handle.Name, after string, limit int) ([]handle.Name, error) {
	p, err := s.of(prefix)
	if err != nil {
		return nil, err
	}
	from, to := keyRange(p.Prefix.Prefix)
	if string(from) < after {
		from = []byte(after)
	}
	var names []handle.Name
	err = s.o.DB.NewSelect().Model((*versionRow)(nil)).Column("name").Where("v.ident_key > ? AND v.ident_key < ? AND v.until = ?", from, to, store.Forever).
		OrderExpr("v.ident_key").Limit(int64(limit)).Scan(ctx, &names)
	return names, wrap("list identifiers", err)
}

// Count implements server.Holdings.
func (s *Service) Count(ctx context.Context, prefix handle.Name) (int, error) {
	p, err := s.of(prefix)
	if err != nil {
		return 0, err
	}
	from, to := keyRange(p.Prefix.Prefix)
	n, err := s.o.DB.NewSelect().Model((*versionRow)(nil)).Where("v.ident_key > ? AND v.ident_key < ? AND v.until = ?", from, to, store.Forever).Count(ctx)
	return int(n), wrap("count identifiers", err)
}

// Home implements server.Holdings. A prefix that is not known becomes that of the organisation of the prefix above, else of the node's own.
func (s *Service) Home(ctx context.Context, by server.Identity, prefix handle.Name) error {
	return s.move(ctx, by, prefix, Homed)
}

// Unhome implements server.Holdings: the prefix stays allocated.
func (s *Service) Unhome(ctx context.Context, by server.Identity, prefix handle.Name) error {
	if _, err := s.of(prefix); err != nil {
		return err
	}
	return s.move(ctx, by, prefix, Allocated)
}

func (s *Service) move(ctx context.Context, by server.Identity, name handle.Name, to PrefixState) error {
	prefix, ok := name.OfPrefix()
	if !ok {
		return handle.Refuse(handle.InvalidName, nil, "%s is not the handle of a prefix", name)
	}
	if err := checkPrefix(prefix); err != nil {
		return err
	}
	_, err := s.allocate(ctx, auth.Principal{}, wire(by), folded(prefix), Allocation{Prefix: prefix, State: to, Reason: "over the wire"})
	return refusal(err)
}

// Homed implements server.Holdings.
func (s *Service) Homed(context.Context) ([]handle.Name, error) {
	var out []handle.Name
	for _, p := range s.prefixes.all() {
		if p.State == Homed {
			out = append(out, handle.PrefixHandle(p.Name))
		}
	}
	slices.Sort(out)
	return out, nil
}

// Mint implements server.Holdings. A suffix is a UUIDv7, so it is never taken twice.
func (s *Service) Mint(_ context.Context, base handle.Name) (handle.Name, error) {
	p, ok := s.prefixes.get(folded(base.Prefix()))
	if !ok || p.State != Homed {
		return "", handle.Refuse(handle.NotResponsible, nil, "prefix %s", base.Prefix())
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("mint a suffix: %w", err)
	}
	return handle.ParseName(base.Prefix() + "/" + base.Suffix() + id.String())
}
