package figure

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

// FigureTarget is where a target stands by the figures that are kept.
type FigureTarget struct {
	indicator.TargetProgress
	Figure   *uuid.UUID   `json:"figure,omitempty" format:"uuid" doc:"That is compared; absent where none is kept yet"`
	Revision int64        `json:"revision,omitempty,string"`
	At       *time.Time   `json:"at,omitempty" doc:"When this node wrote it down"`
	Absent   []FigurePart `json:"absent" nullable:"false" doc:"Sources that have given nothing, are left out, or are not linked"`
}

// maxPast bounds how many earlier periods are told.
const maxPast = 13

// keptTarget is a target while it is told.
type keptTarget struct {
	progress *indicator.Progress
	main     *Figure // nil: none is kept
	places   *placed
}

// named is a source in words, and since when it is away.
type named struct {
	name text.Text
	away *time.Time
}

// Targets are those of the policies that a keeper has adopted and that set them on a day, each as the figures that are kept say, place by place
// within the keeper's scope; where it has none, within the policy's region. on is a day; asOf the commit as of which this node is asked.
func (s *Service) Targets(ctx context.Context, keeper uuid.UUID, on string, past int, asOf int64) ([]FigureTarget, error) {
	if _, err := auth.Allow(ctx, auth.Read, keeper); err != nil {
		return nil, err
	}
	if on == "" {
		on = s.today()
	}
	given, err := s.giving(ctx, keeper)
	if err != nil {
		return nil, err
	}
	var list []keptTarget
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		k, err := s.store.Keeper(ctx, tx, keeper, asOf)
		if err != nil {
			return err
		}
		for _, t := range s.o.Library.Targets("", on) {
			if slices.Contains(k.Adopted, t.Policy().ID) {
				x, err := s.target(ctx, tx, &k, t, on, min(past, maxPast), asOf, given)
				if err != nil {
					return err
				}
				list = append(list, x)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]FigureTarget, len(list))
	sources := map[string]named{}
	for i := range list {
		if out[i], err = s.targetView(ctx, &list[i], sources); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// target reads where one target stands.
func (s *Service) target(ctx context.Context, db bun.IDB, k *Keeper, t *indicator.Target, on string, past int, asOf int64, given *giving) (out keptTarget, err error) {
	d := s.o.Library.Definition(t.Indicator)
	item := itemOf(d, t)
	read := map[indicator.Period]*Figure{}
	out.progress, err = s.o.Library.Trend(t, on, past, func(p indicator.Period) (*indicator.Stored, error) {
		f, x, err := s.stored(ctx, db, item.key(k.Org, p), d, asOf)
		read[p] = f
		return x, err
	})
	if err != nil {
		return out, err
	}
	whole := out.progress.Whole
	if whole == nil {
		out.main = read[out.progress.Single.Period]
		return out, nil
	}
	if out.main = read[whole.Period]; out.main == nil {
		return out, nil
	}
	region := k.Scope
	if region == "" {
		region = t.Policy().Region.Code
	}
	out.places, err = s.place(ctx, db, out.main, d, region, given)
	return out, err
}

// targetView tells it. sources are those that were looked up already.
func (s *Service) targetView(ctx context.Context, x *keptTarget, sources map[string]named) (out FigureTarget, err error) {
	if x.places != nil {
		if x.progress.Whole.Parts, err = x.places.added(ctx); err != nil {
			return out, err
		}
	}
	out = FigureTarget{TargetProgress: s.o.Library.View(x.progress), Absent: []FigurePart{}}
	if x.main == nil {
		return out, nil
	}
	id, when := x.main.Key.ID(), at(x.main.Commit)
	out.Figure, out.Revision, out.At = &id, x.main.Revision, &when
	for i := range x.main.Parts {
		p := &x.main.Parts[i]
		who, ok := sources[p.Source]
		if !ok {
			if who.name, who.away, err = s.sourceName(ctx, p.Source); err != nil {
				return out, err
			}
			sources[p.Source] = who
		}
		if p.State != Given || who.away != nil {
			v := partView(p)
			v.Name, v.Away = who.name, who.away
			out.Absent = append(out.Absent, v)
		}
	}
	return out, nil
}

// stored opens what is kept of a key; nil where nothing is, or where it was computed by a definition that this node does not have now.
func (s *Service) stored(ctx context.Context, db bun.IDB, k Key, d *indicator.Definition, asOf int64) (*Figure, *indicator.Stored, error) {
	list, err := s.store.Figures(ctx, db, []uuid.UUID{k.ID()}, asOf)
	if err != nil || len(list) == 0 {
		return nil, nil, err
	}
	f := list[0]
	if f.Definition != definitionHash(d) {
		return nil, nil, nil
	}
	p, _ := k.Time()
	if d.Of == indicator.OfRegion {
		u, err := s.o.Library.DecodeUnion(d, f.Account)
		if err != nil {
			return nil, nil, err
		}
		return f, &indicator.Stored{Value: u.Evaluate(p)}, nil
	}
	account, err := s.o.Library.DecodeAccount(d, f.Account)
	return f, &indicator.Stored{Account: account, Members: indicator.Members{Day: p.To, Hash: f.Population.String()}}, err
}

func (s *Service) targetRoutes(a *api.Server) {
	type ask struct {
		Org  uuid.UUID `query:"org" format:"uuid" required:"true" doc:"Keeper of the registers"`
		On   string    `query:"on" maxLength:"10" doc:"Targets as policies set them on this day, by the last period that had ended; today without it"`
		Past int       `query:"past" minimum:"0" maximum:"13" doc:"Earlier periods for the trajectory"`
		AsOf time.Time `query:"asOf" doc:"As this node knew it then"`
	}
	op := tag.Operation(http.MethodGet, "listFigureTargets", "/figures/targets", "Where the targets of the adopted policies stand by the figures that are kept")
	op.Description = "Nothing is worked out for it but gap, path and forecast. A target of which no figure is kept yet says so (not-kept)."
	api.Register(a, op, func(ctx context.Context, in *ask) (*api.List[FigureTarget], error) {
		list, err := s.Targets(ctx, in.Org, in.On, in.Past, instant(in.AsOf))
		return many(list, "", err)
	})
}
