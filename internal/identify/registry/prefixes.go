package registry

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// insertPrefix writes a prefix that is new, with its first state.
func insertPrefix(ctx context.Context, tx bun.Tx, p Prefix, by IdentifierAuthor, reason string) error {
	row := prefixRow{Number: p.Number, Prefix: p.Prefix, Name: p.Name, Org: p.Org, State: string(p.State), Revision: p.Revision, At: p.At}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return wrap("write a prefix", err)
	}
	return insertState(ctx, tx, p, by, reason)
}

func insertState(ctx context.Context, tx bun.Tx, p Prefix, by IdentifierAuthor, reason string) error {
	actor, err := json.Marshal(by)
	if err != nil {
		return err
	}
	row := prefixStateRow{Number: p.Number, Revision: p.Revision, Org: p.Org, State: string(p.State), Since: p.At, Until: store.Forever, Actor: string(actor), Reason: reason}
	_, err = tx.NewInsert().Model(&row).Exec(ctx)
	return wrap("write the state of a prefix", err)
}

// movePrefix writes the next state of a prefix.
func movePrefix(ctx context.Context, tx bun.Tx, p Prefix, by IdentifierAuthor, reason string) error {
	if _, err := tx.NewUpdate().Model((*prefixRow)(nil)).Set("org = ?", p.Org).Set("state = ?", string(p.State)).Set("revision = ?", p.Revision).Set("at = ?", p.At).
		Where("number = ?", p.Number).Exec(ctx); err != nil {
		return wrap("write a prefix", err)
	}
	if _, err := tx.NewUpdate().Model((*prefixStateRow)(nil)).Set("until = ?", p.At).Where("number = ? AND revision = ?", p.Number, p.Revision-1).Exec(ctx); err != nil {
		return wrap("end the state of a prefix", err)
	}
	return insertState(ctx, tx, p, by, reason)
}

// authorOf is the caller as versions name it.
func authorOf(p auth.Principal) IdentifierAuthor {
	a := auth.ActorOf(p)
	return IdentifierAuthor{Kind: a.Kind, ID: a.ID, Name: a.Name, Via: p.Via}
}

// Allocation asks for a prefix, or for another state of one.
type Allocation struct {
	Prefix string
	Org    uuid.UUID // zero: stays, or the organisation of the prefix above
	State  PrefixState
	// Values are put into the prefix's handle in place of what is there: HS_ADMIN, HS_SITE, HS_SERV, …; nil leaves it.
	Values []handle.Value
	Reason string
}

// mayAllocate asks whether the caller may allocate: whoever runs the node any prefix, and whoever holds the prefix above one below it.
func (s *Service) mayAllocate(ctx context.Context, key string) (auth.Principal, error) {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err == nil {
		return p, nil
	}
	for up := handle.Parent(key); up != ""; up = handle.Parent(up) {
		if above, ok := s.prefixes.get(up); ok {
			scope, err := auth.Allow(ctx, auth.Organise, above.Org)
			return scope.Principal(), err
		}
	}
	return p, err
}

// Allocate takes a prefix in, or through a move to another state. Errors: ErrName, ErrState, ErrSite, those of auth.
func (s *Service) Allocate(ctx context.Context, a Allocation) (Prefix, error) {
	if err := checkPrefix(a.Prefix); err != nil {
		return Prefix{}, told("body.prefix", handle.Name(a.Prefix), err)
	}
	key := folded(a.Prefix)
	who, err := s.mayAllocate(ctx, key)
	if err != nil {
		return Prefix{}, err
	}
	return s.allocate(ctx, who, authorOf(who), key, a)
}

// allocate does so for an author; who is the principal for the audit.
func (s *Service) allocate(ctx context.Context, who auth.Principal, by IdentifierAuthor, key string, a Allocation) (out Prefix, err error) {
	name := handle.PrefixHandle(a.Prefix)
	if a.State == Delegated {
		if a.Values == nil {
			record, _, err := s.current(ctx, prefixKey(key))
			if err != nil {
				return out, err
			}
			if record != nil {
				if _, a.Values, err = handle.DecodeRecord(record); err != nil {
					return out, err
				}
			}
		}
		if referral(a.Values, handle.TypeService, handle.TypeSite) == nil {
			return out, ErrSite.At("body.values", a.Prefix)
		}
	}
	err = s.alone(ctx, func(ctx context.Context) error {
		old, exists := s.prefixes.get(key)
		p := Prefix{Number: s.number + 1, Prefix: key, Name: a.Prefix, Org: a.Org, State: a.State, Revision: 1, At: s.o.Now().UnixNano()}
		was := PrefixState("")
		if exists {
			p = old.Prefix
			was = p.State
			if p.State, p.Revision, p.At = a.State, p.Revision+1, max(s.o.Now().UnixNano(), p.At+1); a.Org != uuid.Nil {
				p.Org = a.Org
			}
		}
		if p.Org == uuid.Nil {
			if p.Org, err = s.heir(ctx, key); err != nil {
				return err
			}
		}
		same := exists && was == p.State && p.Org == old.Org
		if !same && !was.May(p.State) && !(exists && was == p.State) {
			return ErrState.At("body.state", string(p.State)).With("state", string(was))
		}
		r := &request{by: by}
		if a.Values != nil {
			r.changes = []Change{{Operation: Create, Name: name, Values: a.Values, Overwrite: true}}
			r.whole = true
		}
		if same {
			out = p
			if a.Values == nil {
				out = old.Prefix
				return nil
			}
			out = old.Prefix
		} else {
			out = p
			r.within = func(ctx context.Context, tx bun.Tx, _ *outcome) error {
				if exists {
					if err := movePrefix(ctx, tx, p, by, a.Reason); err != nil {
						return err
					}
				} else if err := insertPrefix(ctx, tx, p, by, a.Reason); err != nil {
					return err
				}
				scope := auth.System(p.Org)
				entry := scope.Act(ctx, s.o.Now(), "identify.prefix.move", audit.Object{Kind: "identify.prefix", ID: p.Prefix, Name: p.Name}, map[string]any{"state": was}, map[string]any{"state": p.State, "org": p.Org})
				entry.Actor, entry.Via, entry.Reason = audit.Actor{Kind: by.Kind, ID: by.ID, Name: by.Name}, by.Via, a.Reason
				return audit.Record(ctx, tx, entry)
			}
			// The handle of a new prefix belongs to it, so it must be known while its values are worked out.
			s.prefixes.put(p, nil)
		}
		r.ctx, r.done = ctx, make(chan struct{})
		s.commit(context.WithoutCancel(ctx), []*request{r})
		if r.err != nil {
			if exists {
				s.prefixes.restore(old)
			} else {
				s.prefixes.drop(key)
			}
			return told("body.values", name, r.err)
		}
		s.number = max(s.number, p.Number)
		record, _, err := s.current(ctx, prefixKey(key))
		if err != nil {
			return err
		}
		s.prefixes.put(out, record)
		return nil
	})
	_ = who
	return out, err
}

// heir is the organisation to which a prefix belongs where nobody says so: that of the prefix above, else the one that runs the node.
func (s *Service) heir(ctx context.Context, key string) (uuid.UUID, error) {
	for up := handle.Parent(key); up != ""; up = handle.Parent(up) {
		if p, ok := s.prefixes.get(up); ok {
			return p.Org, nil
		}
	}
	return s.o.Home(ctx)
}

func (k *known) drop(prefix string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.list, prefix)
}

func (k *known) restore(p *knownPrefix) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list[p.Prefix.Prefix] = p
}

// prefixFor finds a prefix that the caller may use a verb on. Errors: ErrPrefix, auth.ErrForbidden.
func (s *Service) prefixFor(ctx context.Context, verb auth.Verb, prefix, at string) (auth.Scope, Prefix, error) {
	p, ok := s.prefixes.get(folded(prefix))
	if !ok {
		if _, err := auth.Need(ctx); err != nil {
			return auth.Scope{}, Prefix{}, err
		}
		return auth.Scope{}, Prefix{}, ErrPrefix.At(at, prefix)
	}
	scope, err := auth.Allow(ctx, verb, p.Org)
	if errors.Is(err, auth.ErrNotFound) {
		err = ErrPrefix.At(at, prefix)
	}
	return scope, p.Prefix, err
}

// Prefixes are those of the caller's organisations, by name.
func (s *Service) Prefixes(ctx context.Context, org uuid.UUID) ([]Prefix, error) {
	scope, err := auth.AllowOrVisible(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(s.prefixes.all(), func(p Prefix) bool { return !scope.Includes(p.Org) })
	slices.SortFunc(out, func(a, b Prefix) int { return strings.Compare(a.Prefix, b.Prefix) })
	return out, nil
}

// PrefixPast are the states of a prefix, the first one first. Errors: ErrPrefix.
func (s *Service) PrefixPast(ctx context.Context, prefix string) ([]PrefixPast, error) {
	scope, p, err := s.prefixFor(ctx, auth.Read, prefix, "path.prefix")
	if err != nil {
		return nil, err
	}
	var rows []prefixStateRow
	// What another organisation did before is its own.
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows).Where("s.number = ?", p.Number), "s.org").OrderExpr("s.revision").Scan(ctx); err != nil {
		return nil, wrap("read the states of a prefix", err)
	}
	return store.All(rows, (*prefixStateRow).past), nil
}
