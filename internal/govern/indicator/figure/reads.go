package figure

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// instant is a time as of which is asked; the zero time is now.
func instant(t time.Time) int64 {
	if t.IsZero() {
		return Now
	}
	return max(t.UnixNano(), 1)
}

// Figures is a board of a keeper, page by page; within a page by indicator, population and period. Errors: store.ErrCursor.
func (s *Service) Figures(ctx context.Context, b Board, page store.Page) (out []FigureBrief, next string, err error) {
	if _, err := auth.Allow(ctx, auth.Read, b.Keeper); err != nil {
		return nil, "", err
	}
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		var list []*Figure
		if list, next, err = s.store.List(ctx, tx, b, page); err != nil {
			return err
		}
		out, err = s.briefs(ctx, tx, b.Keeper, list, b.AsOf)
		return err
	})
	slices.SortFunc(out, func(a, b FigureBrief) int {
		return cmp.Or(strings.Compare(a.Indicator, b.Indicator), strings.Compare(a.Filter, b.Filter), strings.Compare(a.Period.Kind, b.Period.Kind), strings.Compare(a.Period.To, b.Period.To), strings.Compare(a.Baseline, b.Baseline))
	})
	return out, next, err
}

// briefs tells figures of a keeper with what belongs beside them.
func (s *Service) briefs(ctx context.Context, db bun.IDB, keeper uuid.UUID, list []*Figure, asOf int64) ([]FigureBrief, error) {
	sealed, err := s.store.Seals(ctx, db, keeper, asOf)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(list))
	for i, f := range list {
		ids[i] = f.Key.ID()
	}
	beside, err := s.store.ManualsOf(ctx, db, ids, asOf)
	if err != nil {
		return nil, err
	}
	out := make([]FigureBrief, len(list))
	for i, f := range list {
		out[i] = s.brief(f)
		if j := slices.IndexFunc(sealed, func(x Seal) bool { return x.Kind == f.Key.Kind && x.Period == f.Key.Period }); j >= 0 {
			out[i].Seal = &FigureSealed{sealed[j].State, sealed[j].Moved(f)}
		}
		for j := range beside {
			if beside[j].Key == f.Key && beside[j].State != Withdrawn {
				out[i].Manual = append(out[i].Manual, beside[j].view(s))
			}
		}
	}
	return out, nil
}

// maxRevisions bounds how many revisions are told with a figure.
const maxRevisions = 100

// seen finds a revision of a figure for somebody who may read its keeper. revision 0 is the one that stood at asOf.
func (s *Service) seen(ctx context.Context, db bun.IDB, id uuid.UUID, revision, asOf int64) (f *Figure, err error) {
	if _, err := auth.Need(ctx); err != nil {
		return nil, err
	}
	if revision > 0 {
		f, err = s.store.Revision(ctx, db, id, revision)
	} else {
		f, err = s.store.Figure(ctx, db, id, asOf)
	}
	if err != nil {
		return nil, err
	}
	_, err = auth.Allow(ctx, auth.Read, f.Key.Keeper)
	return f, err
}

// Figure is a revision with what it was made of: revision 0 is the one that stood at asOf, Now for the one that stands. Error:
// store.ErrNotFound.
func (s *Service) Figure(ctx context.Context, id uuid.UUID, revision, asOf int64) (out FigureDetail, err error) {
	var f *Figure
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if f, err = s.seen(ctx, tx, id, revision, asOf); err != nil {
			return err
		}
		list, err := s.briefs(ctx, tx, f.Key.Keeper, []*Figure{f}, asOf)
		if err != nil {
			return err
		}
		out = FigureDetail{FigureBrief: list[0], Parts: []FigurePart{}, Revisions: []FigureRevision{}}
		if out.Population, err = s.populationView(ctx, tx, f.Population); err != nil {
			return err
		}
		return s.revisionsOf(ctx, tx, f, &out)
	})
	if err != nil {
		return out, err
	}
	return out, s.partsOf(ctx, f, &out) // asks other rooms, which read by connections of their own
}

func (s *Service) populationView(ctx context.Context, db bun.IDB, h Hash) (*FigurePopulation, error) {
	if h == (Hash{}) {
		return nil, nil
	}
	p, members, err := s.store.brief(ctx, db, h)
	if err != nil {
		return nil, err
	}
	return &FigurePopulation{h.String(), p.Scope, p.Day, int(members), p.Doubles, p.Unplaced}, nil
}

func (s *Service) revisionsOf(ctx context.Context, db bun.IDB, f *Figure, out *FigureDetail) error {
	list, _, err := s.store.Revisions(ctx, db, f.Key.ID(), store.Page{Limit: maxRevisions})
	if err != nil {
		return err
	}
	d := s.o.Library.Definition(f.Key.Indicator)
	for _, r := range list {
		v := FigureRevision{Revision: r.Revision, At: at(r.Commit), Hash: r.Hash().String()}
		if d != nil {
			if read, err := ReadFigure(s.o.Library, d, r); err == nil && len(read.Readings) > 0 {
				main := readingView(d, &read.Readings[0])
				v.Reading = &main
			}
		}
		if r.Revision == f.Revision+1 {
			when := at(r.Commit)
			out.Superseded = &when
		}
		out.Revisions = append(out.Revisions, v)
	}
	return nil
}

func (s *Service) partsOf(ctx context.Context, f *Figure, out *FigureDetail) error {
	for i := range f.Parts {
		v := partView(&f.Parts[i])
		var err error
		if v.Name, v.Away, err = s.sourceName(ctx, v.Source); err != nil {
			return err
		}
		if err := s.sealedPart(ctx, f, &v); err != nil {
			return err
		}
		out.Parts = append(out.Parts, v)
	}
	return nil
}

// partView is a part without its name.
func partView(p *Part) FigurePart {
	return FigurePart{Source: p.Source, Kind: p.Kind, State: p.State, Reason: p.Reason, Codes: p.Codes, More: p.More, Population: p.Population.String(), Record: p.Record.String(), Members: p.Members, Known: p.Known, At: store.Instant(p.At)}
}

// sourceName says in words who a source is, and since when it is away.
func (s *Service) sourceName(ctx context.Context, source string) (text.Text, *time.Time, error) {
	switch source {
	case Local:
		return both("本节点", "this node"), nil, nil
	case Remote:
		return both("自有节点的企业", "enterprises with a node of their own"), nil, nil
	}
	return s.giver(ctx, source)
}

// giver says in words who gives by an agreement, and since when it is away.
func (s *Service) giver(ctx context.Context, source string) (name text.Text, away *time.Time, err error) {
	name = text.Both(source)
	if s.o.Parties == nil {
		return name, nil, nil
	}
	said, since, err := s.o.Parties.Giver(ctx, store.ID(source))
	if errors.Is(err, store.ErrNotFound) {
		return name, nil, nil
	}
	if !since.IsZero() {
		away = &since
	}
	return said, away, err
}

// Manuals are the manual values of a board, also those that were withdrawn, by key and reading.
func (s *Service) Manuals(ctx context.Context, b Board) ([]ManualView, error) {
	if _, err := auth.Allow(ctx, auth.Read, b.Keeper); err != nil {
		return nil, err
	}
	list, err := s.store.Manuals(ctx, s.o.DB, b)
	return store.All(list, func(m *Manual) ManualView { return m.view(s) }), err
}

// ManualRevisions are all revisions of a manual value, the newest first. Error: store.ErrNotFound.
func (s *Service) ManualRevisions(ctx context.Context, id uuid.UUID) ([]ManualView, error) {
	if _, err := auth.Need(ctx); err != nil {
		return nil, err
	}
	list, err := s.store.ManualRevisions(ctx, s.o.DB, id)
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if _, err := auth.Allow(ctx, auth.Read, list[0].Key.Keeper); err != nil {
		return nil, err
	}
	return store.All(list, func(m *Manual) ManualView { return m.view(s) }), nil
}

// Seals are where the periods of a keeper stand that were handed in, the newest step first; of one period all its steps. An organisation
// that takes the keeper's figures may read them too.
func (s *Service) Seals(ctx context.Context, keeper uuid.UUID, kind, period string) ([]SealView, error) {
	if err := s.mayTake(ctx, keeper); err != nil {
		return nil, err
	}
	list, err := s.store.Seals(ctx, s.o.DB, keeper, Now)
	if kind != "" && err == nil {
		list, err = s.store.Steps(ctx, s.o.DB, keeper, kind, period)
	}
	if err != nil {
		return nil, err
	}
	out := store.All(list, (*Seal).view)
	for i := range out {
		if out[i].Taker != nil && list[i].Decision == uuid.Nil { // one on another node is named with who decided
			name, err := s.o.Orgs.Name(ctx, *out[i].Taker)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
			out[i].TakerName = name
		}
	}
	return out, nil
}

// mayTake asks whether the caller may read a keeper, or an organisation of this node that takes its figures.
func (s *Service) mayTake(ctx context.Context, keeper uuid.UUID) error {
	_, refused := auth.Allow(ctx, auth.Read, keeper)
	if refused == nil || s.o.Parties == nil || !errors.Is(refused, auth.ErrNotFound) {
		return refused
	}
	takers, err := s.o.Parties.Takers(ctx, keeper)
	if err != nil {
		return err
	}
	for _, t := range takers {
		if _, err := auth.Allow(ctx, auth.Read, t.Org); err == nil {
			return nil
		}
	}
	return refused
}

// Keeper is what an organisation has figures of now; KeeperVersions tells all versions of it, the newest first.
func (s *Service) Keeper(ctx context.Context, org uuid.UUID) (KeeperView, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return KeeperView{}, err
	}
	k, err := s.store.Keeper(ctx, s.o.DB, org, Now)
	if err != nil {
		return KeeperView{}, err
	}
	waiting, err := s.store.Waiting(ctx, s.o.DB)
	out := k.view()
	out.Waiting = &waiting
	return out, err
}

// KeeperVersions are all versions of what an organisation has figures of, the newest first.
func (s *Service) KeeperVersions(ctx context.Context, org uuid.UUID) ([]KeeperView, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return nil, err
	}
	list, err := s.store.KeeperVersions(ctx, s.o.DB, org)
	return store.All(list, (*Keeper).view), err
}
