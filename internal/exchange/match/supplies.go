package match

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/register"
)

// fileable are the registers into which a provider files.
func fileable() []string { return append(slices.Clone(supplyRegisters), registerCases, registerPool) }

// FileSupply files something of a provider into a register of supply, where an officer publishes it: provider and name are written
// here, whatever content says. Errors: ErrRegister, ErrListing and those of register.AddFor.
func (s *Service) FileSupply(ctx context.Context, provider uuid.UUID, id string, content json.RawMessage) (register.Entry, error) {
	scope, err := auth.Allow(ctx, auth.Operate, provider)
	if err != nil {
		return register.Entry{}, err
	}
	home, err := s.home(ctx)
	if err != nil {
		return register.Entry{}, err
	}
	in, err := s.listing(ctx, provider, id, content, "")
	if err != nil {
		return register.Entry{}, err
	}
	e, err := s.o.Registers.AddFor(ctx, auth.System(home), home, id, register.Input{Content: in})
	if err != nil {
		return register.Entry{}, err
	}
	return e, s.noteListing(ctx, scope, "match.supply.file", &e)
}

func (s *Service) noteListing(ctx context.Context, scope auth.Scope, verb string, e *register.Entry) error {
	act := scope.Act(ctx, s.o.Now(), verb, audit.Object{Kind: "register." + e.Register, ID: e.ID.String(), Name: e.Key}, nil, map[string]any{"revision": e.Revision, "state": e.State})
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return audit.Record(ctx, tx, act) })
}

// kept are fields that only the keeper of a register writes.
var kept = map[string][]string{
	"products":   {"catalogue", "checkedBy", "checkReport", "checkedOn"},
	registerPool: {"recognitions", "conflicts"},
}

// listing brings what a provider filed into the form of a register.
func (s *Service) listing(ctx context.Context, provider uuid.UUID, id string, content json.RawMessage, code string) ([]byte, error) {
	if !slices.Contains(fileable(), id) {
		return nil, ErrRegister.At("body.register", id).With("registers", strings.Join(fileable(), ", "))
	}
	if _, err := s.o.Registers.Register(id); err != nil {
		return nil, ErrRegister.At("body.register", id).With("registers", strings.Join(fileable(), ", ")).Because(err)
	}
	party, err := s.partyOf(ctx, provider)
	if err != nil {
		return nil, err
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(content, &m); err != nil || m == nil {
		return nil, register.ErrField.At("body.content", "").With("name", "content").With("reason", "JSON").With("mend", "{…}")
	}
	for _, key := range kept[id] {
		delete(m, key)
	}
	set := func(key string, v any) {
		m[key], _ = json.Marshal(v)
	}
	set("provider", provider)
	if id == registerPool {
		set("code", party.CreditCode)
		set("name", first(party.Name.Zh, party.Name.En))
		return json.Marshal(m)
	}
	set("providerName", first(party.Name.Zh, party.Name.En))
	if code == "" {
		made := uuid.Must(uuid.NewV7()).String()
		code = strings.ToUpper(id[:2] + "-" + made[len(made)-10:])
	}
	set("code", code)
	var covers []struct {
		Kind string `json:"kind"`
	}
	if raw := m["covers"]; raw != nil {
		_ = json.Unmarshal(raw, &covers) // the register tells what is wrong with its form
	}
	if len(covers) == 0 {
		return nil, ErrListing.At("body.content.covers", "")
	}
	for i, c := range covers {
		if _, ok := s.kinds.Get(c.Kind); !ok {
			return nil, ErrListing.At(fmt.Sprintf("body.content.covers[%d].kind", i), c.Kind)
		}
	}
	return json.Marshal(m)
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// node is a context in which the node itself acts: a provider files into registers that it does not keep. Who asked for it is audited
// with the provider.
func node(ctx context.Context) context.Context {
	return auth.With(ctx, auth.NewPrincipal(auth.KindSystem, uuid.Nil, "node", "node", nil))
}

// ReviseSupply changes what a provider has filed; what was published is looked at by an officer again. Errors: register.ErrChanged,
// store.ErrNotFound.
func (s *Service) ReviseSupply(ctx context.Context, id uuid.UUID, basis int64, content json.RawMessage) (register.Entry, error) {
	seen, err := s.o.Registers.Get(ctx, id)
	if err != nil {
		return register.Entry{}, err
	}
	if seen.Subject == uuid.Nil || !slices.Contains(fileable(), seen.Register) {
		return register.Entry{}, wrap("entry "+id.String(), store.ErrNotFound)
	}
	scope, err := auth.Allow(ctx, auth.Operate, seen.Subject)
	if err != nil {
		return register.Entry{}, err
	}
	in, err := s.listing(ctx, seen.Subject, seen.Register, content, seen.Key)
	if err != nil {
		return register.Entry{}, err
	}
	home, err := s.home(ctx)
	if err != nil {
		return register.Entry{}, err
	}
	full, err := s.o.Registers.ReadFor(ctx, auth.System(home), []uuid.UUID{id})
	if err != nil || len(full) == 0 {
		return register.Entry{}, wrap("entry "+id.String(), store.ErrNotFound)
	}
	in, err = keepOf(in, full[0].Record.Encode(), kept[seen.Register])
	if err != nil {
		return register.Entry{}, err
	}
	by := text3("由服务商修改", scope.Principal().Name)
	e, err := s.o.Registers.Change(node(ctx), id, register.Change{Basis: basis, Content: in, Reason: by})
	if err != nil {
		return register.Entry{}, err
	}
	if e.Register != registerPool && e.State == "published" {
		if e, err = s.o.Registers.Move(node(ctx), id, "resubmit", e.Revision, by); err != nil {
			return register.Entry{}, err
		}
	}
	return e, s.noteListing(ctx, scope, "match.supply.revise", &e)
}

func text3(what, who string) string { return what + "（" + who + "）" }

// keepOf writes fields of old over those of content.
func keepOf(content, old []byte, keys []string) ([]byte, error) {
	var a, b map[string]json.RawMessage
	if err := json.Unmarshal(content, &a); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(old, &b); err != nil {
		return nil, err
	}
	for _, key := range keys {
		if v, there := b[key]; there {
			a[key] = v
		}
	}
	return json.Marshal(a)
}

// OwnSupplies are what a provider has filed, in whatever state.
func (s *Service) OwnSupplies(ctx context.Context, provider uuid.UUID) ([]register.Entry, error) {
	if _, err := auth.Allow(ctx, auth.Read, provider); err != nil {
		return nil, err
	}
	home, ok, err := s.o.Parties.Home(ctx)
	if err != nil || !ok {
		return nil, err
	}
	var out []register.Entry
	for _, id := range fileable() {
		r, err := s.o.Registers.Register(id)
		if err != nil {
			continue
		}
		list, _, err := s.o.Registers.OfSubject(ctx, auth.System(home), id, provider, store.Page{Limit: store.MaxLimit})
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			for _, key := range kept[id] {
				if f := r.Fields.Field(key); f != nil && r.ClassOf(f) == "restricted" {
					delete(e.Record, key)
				}
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// SupplyFilter narrows the public show-window; zero fields do not.
type SupplyFilter struct {
	Register string
	Kind     string
	Trade    string
	Region   string
	Words    string
}

// ShowWindow returns public supplies to anybody: those that the words find first, else by id. offset pages.
func (s *Service) ShowWindow(ctx context.Context, f SupplyFilter, limit, offset int) ([]*Supply, int, error) {
	if err := s.Follow(ctx); err != nil {
		return nil, 0, err
	}
	var list []*Supply
	words := plain(f.Words)
	s.engine.Each(func(x *Supply) {
		switch {
		case f.Register != "" && x.Register != f.Register,
			f.Kind != "" && !slices.Contains(x.Kinds, f.Kind),
			f.Trade != "" && len(x.Trades) > 0 && !slices.ContainsFunc(x.Trades, func(t string) bool { return division(t) == division(f.Trade) }),
			f.Region != "" && len(x.Regions) > 0 && !slices.ContainsFunc(x.Regions, func(r string) bool { return province(r) == province(f.Region) }),
			words != "" && !strings.Contains(plain(x.Title+x.ProviderName+x.Words), words):
			return
		}
		list = append(list, x)
	})
	// Rated ones first, the best first; then by id.
	slices.SortStableFunc(list, func(a, b *Supply) int {
		score := func(x *Supply) int64 {
			if x.Rating == nil {
				return -1
			}
			return *x.Rating
		}
		return int(score(b) - score(a))
	})
	total := len(list)
	list = list[min(offset, total):]
	return list[:min(limit, len(list))], total, nil
}
