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
)

// FigureTarget is where a target stands by the figures that are kept.
type FigureTarget struct {
	indicator.TargetProgress
	Figure   *uuid.UUID `json:"figure,omitempty" format:"uuid" doc:"That is compared; absent where none is kept yet"`
	Revision int64      `json:"revision,omitempty,string"`
	At       *time.Time `json:"at,omitempty" doc:"When this node wrote it down"`
}

// maxPast bounds how many earlier periods are told.
const maxPast = 13

// Targets are those of the policies that a keeper has adopted and that set them on a day, each as the figures that are kept say. on is a day;
// asOf the commit as of which this node is asked.
func (s *Service) Targets(ctx context.Context, keeper uuid.UUID, on string, past int, asOf int64) (out []FigureTarget, err error) {
	if _, err := auth.Allow(ctx, auth.Read, keeper); err != nil {
		return nil, err
	}
	if on == "" {
		on = s.today()
	}
	past = min(past, maxPast)
	l := s.o.Library
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		k, err := s.store.Keeper(ctx, tx, keeper, asOf)
		if err != nil {
			return err
		}
		for _, t := range l.Targets("", on) {
			if !slices.Contains(k.Adopted, t.Policy().ID) {
				continue
			}
			d := l.Definition(t.Indicator)
			item := itemOf(d, t)
			var main *Figure
			progress, err := l.Trend(t, on, past, func(p indicator.Period) (*indicator.Stored, error) {
				f, x, err := s.stored(ctx, tx, item.key(keeper, p), d, asOf)
				if main == nil && (t.Baseline == nil || p.To > t.Baseline.Date) {
					main = f
				}
				return x, err
			})
			if err != nil {
				return err
			}
			view := FigureTarget{TargetProgress: l.View(progress)}
			if main != nil && main.Key.Period == view.Period.Label {
				id, at := main.Key.ID(), time.Unix(0, main.Commit).UTC()
				view.Figure, view.Revision, view.At = &id, main.Revision, &at
			}
			out = append(out, view)
		}
		return nil
	})
	return out, err
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
	if d.Of == indicator.OfRegion {
		p, _ := k.Time()
		o, err := s.o.Library.DecodeObservation(d, f.Account)
		if err != nil {
			return nil, nil, err
		}
		return f, &indicator.Stored{Value: o.Evaluate(d, p)}, nil
	}
	account, err := s.o.Library.DecodeAccount(d, f.Account)
	return f, &indicator.Stored{Account: account, Members: indicator.Members{Hash: f.Population.String()}}, err
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
